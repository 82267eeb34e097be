// Package tuist is the toolkit below the dagger CLI's terminal screen, without
// the screen: it runs the events in order, so that the final report is right,
// and draws only when it is asked for its lines.
package tuist

import (
	"io"
	"os"
	"sync"
)

// columns is the width of the final report, in characters.
const columns = 120

// A Terminal is what the screen would be on.
type Terminal struct{}

func NewStdTerminal() Terminal { return Terminal{} }

// A TUI is the outermost component, and the loop that events run in.
type TUI struct {
	Container

	mu      sync.Mutex
	arrived *sync.Cond
	events  []func()
	ended   chan struct{}
}

func New(Terminal) *TUI {
	t := &TUI{ended: make(chan struct{})}
	t.arrived = sync.NewCond(&t.mu)
	return t
}

// Dispatch hands an event to the loop; it runs after those before it, alone.
func (t *TUI) Dispatch(event func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, event)
	t.arrived.Signal()
}

// Start tells the components that they are shown, and starts the loop.
func (t *TUI) Start() {
	for _, child := range t.Children {
		if m, ok := child.(Mounter); ok {
			m.OnMount(Context{})
		}
	}
	go t.loop()
}

func (t *TUI) loop() {
	defer close(t.ended)
	for event := t.next(); event != nil; event = t.next() {
		event()
	}
}

func (t *TUI) next() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.events) == 0 {
		t.arrived.Wait()
	}
	event := t.events[0]
	t.events = t.events[1:]
	return event
}

// Stop ends the loop behind all events that were dispatched before.
func (t *TUI) Stop() {
	t.Dispatch(nil)
	<-t.ended
}

// Exec lends the terminal to a function; nobody else has it here.
func (t *TUI) Exec(run func(in io.Reader, out, errOut io.Writer) error) error {
	return run(os.Stdin, os.Stdout, os.Stderr)
}

// RenderLines draws everything.
func (t *TUI) RenderLines() []string { return draw(t, columns) }
