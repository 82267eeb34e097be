// Package tuist is the toolkit below the dagger CLI's terminal screen, reduced
// to watching: it runs the events in order, shows the components live on the
// terminal, and reads no keys.
package tuist

import (
	"io"
	"os"
	"sync"
	"time"
)

// redrawEvery is the pace of the live screen.
const redrawEvery = 100 * time.Millisecond

// A TUI is the outermost component, and the loop that events run in.
type TUI struct {
	Container

	screen *screen
	wake   chan struct{} // has room for one: there are events
	ended  chan struct{}

	mu     sync.Mutex
	events []func()
}

func New(Terminal) *TUI {
	return &TUI{screen: newScreen(os.Stderr), wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// Dispatch hands an event to the loop; it runs after those before it, alone.
func (t *TUI) Dispatch(event func()) {
	t.mu.Lock()
	t.events = append(t.events, event)
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default: // it has been woken
	}
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

// loop runs events and draws, never both at once: components are not made to
// be drawn while they change.
func (t *TUI) loop() {
	defer close(t.ended)
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			t.screen.show(t.watched())
		case <-t.wake:
			for _, event := range t.take() {
				if event == nil {
					t.screen.clear()
					return
				}
				event()
			}
		}
	}
}

func (t *TUI) take() []func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	events := t.events
	t.events = nil
	return events
}

// watched draws the components that a person watches. The others only tell
// which keys to press.
func (t *TUI) watched() []string {
	var lines []string
	for _, child := range t.Children {
		if _, ok := child.(Interactive); ok {
			lines = append(lines, draw(child, t.screen.size())...)
		}
	}
	return lines
}

// Stop takes the live screen away, behind all events that were dispatched
// before, and ends the loop.
func (t *TUI) Stop() {
	t.Dispatch(nil)
	<-t.ended
}

// Exec lends the terminal to a function.
func (t *TUI) Exec(run func(in io.Reader, out, errOut io.Writer) error) error {
	return run(os.Stdin, os.Stdout, os.Stderr)
}

// RenderLines draws everything, for a report that scrolls by.
func (t *TUI) RenderLines() []string { return draw(t, reportSize) }
