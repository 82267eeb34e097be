package tuist

import "time"

// A Spinner turns while something goes on.
type Spinner struct {
	Compo
	Epoch time.Time // all spinners turn in step with it
}

func NewSpinner() *Spinner { return &Spinner{Epoch: time.Now()} }

var spinnerFrames = []string{"⣾", "⣷", "⣯", "⣟", "⡿", "⢿", "⣻", "⣽"}

func (s *Spinner) Render(ctx Context) {
	turn := int(time.Since(s.Epoch)/redrawEvery) % len(spinnerFrames)
	ctx.Line(spinnerFrames[turn])
}
