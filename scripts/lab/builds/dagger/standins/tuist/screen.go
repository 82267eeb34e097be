package tuist

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A size is in characters.
type size struct{ width, height int }

// reportSize is that of text that may scroll: as high as it likes.
var reportSize = size{width: 120, height: 1 << 20}

// A Terminal is what the screen is on.
type Terminal struct{}

func NewStdTerminal() Terminal { return Terminal{} }

// A screen is the part of a terminal below the cursor. It shows nothing on
// what is no terminal.
type screen struct {
	out   *os.File
	shown int // lines that are on it now
}

func newScreen(out *os.File) *screen { return &screen{out: out} }

func (s *screen) size() size {
	window, err := unix.IoctlGetWinsize(int(s.out.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return size{}
	}
	return size{width: int(window.Col), height: int(window.Row)}
}

const (
	wrapOff   = "\x1b[?7l" // long lines end at the edge
	wrapOn    = "\x1b[?7h"
	eraseDown = "\x1b[0J"
	eraseLine = "\x1b[K"
	lineUp    = "\x1b[%dA"
)

// show replaces what was shown by the last lines that fit, in one write, so
// that nothing flickers.
func (s *screen) show(lines []string) {
	room := s.size().height - 1
	if room < 1 {
		return
	}
	if len(lines) > room {
		lines = lines[len(lines)-room:]
	}
	var frame strings.Builder
	frame.WriteString(s.home() + wrapOff)
	for _, line := range lines {
		frame.WriteString(line + eraseLine + "\n")
	}
	frame.WriteString(eraseDown + wrapOn)
	s.shown = len(lines)
	fmt.Fprint(s.out, frame.String())
}

// clear leaves the terminal as it was before.
func (s *screen) clear() {
	if s.shown > 0 {
		fmt.Fprint(s.out, s.home()+eraseDown)
		s.shown = 0
	}
}

// home moves the cursor to where the first line is.
func (s *screen) home() string {
	if s.shown == 0 {
		return "\r"
	}
	return "\r" + fmt.Sprintf(lineUp, s.shown)
}
