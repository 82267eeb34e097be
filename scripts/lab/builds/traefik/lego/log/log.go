// Package log stands in for lego's logger.
package log

import "log/slog"

// SetDefault does nothing: the stand-ins log nothing.
func SetDefault(*slog.Logger) {}
