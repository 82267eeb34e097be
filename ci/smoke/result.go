package smoke

import "time"

// Result is what the smoke suite found, as its runner prints it.
type Result struct {
	Passed int    `json:"passed"`
	Failed int    `json:"failed"`
	Flows  []Flow `json:"flows"`
}

// Flow is one user flow of the suite.
type Flow struct {
	Name         string  `json:"name"`
	OK           bool    `json:"ok"`
	Milliseconds float64 `json:"ms"`
	Error        string  `json:"error,omitempty"`
}

// Duration is how long the flow took.
func (f Flow) Duration() time.Duration {
	return time.Duration(f.Milliseconds * float64(time.Millisecond))
}
