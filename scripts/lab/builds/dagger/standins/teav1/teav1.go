// Package teav1 would show a bubbletea model, such as a prompt, on the
// terminal screen. There is no such screen, so it says so and ends the program.
package teav1

import (
	tea "github.com/charmbracelet/bubbletea"
	"github.com/vito/tuist"
)

// Wrap would be the component around the model.
type Wrap struct{ tuist.Compo }

func New(tea.Model) *Wrap {
	tuist.Refuse("a prompt")
	return nil
}

func (*Wrap) OnQuit(func())        {}
func (*Wrap) Render(tuist.Context) {}
