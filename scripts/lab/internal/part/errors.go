package part

import "errors"

// ErrDown is the status of a part that is not up, and not broken either.
var ErrDown = errors.New("down")
