package tuist

import (
	"fmt"
	"os"

	uv "github.com/charmbracelet/ultraviolet"
)

// Refuse ends the program: what needs a keyboard cannot go on without one.
func Refuse(what string) {
	fmt.Fprintf(os.Stderr, "dagger: %s needs the keyboard, which this build does not read; use flags and --progress=plain\n", what)
	os.Exit(2)
}

// What concerns the keyboard and the cursor does nothing.
func (*TUI) SetFocus(Component)         {}
func (*TUI) SetShowHardwareCursor(bool) {}
func (*TUI) SetDebugWriter(any)         {}
func (*TUI) RequestRender(bool)         {}

type (
	SizeAbs        int
	Anchor         int
	OverlayMargin  struct{ Right int }
	OverlayHandle  struct{}
	OverlayOptions struct {
		Width  SizeAbs
		Anchor Anchor
		Margin OverlayMargin
	}
)

const AnchorTopRight Anchor = 0

func (*TUI) ShowOverlay(Component, *OverlayOptions) *OverlayHandle { return &OverlayHandle{} }
func (*OverlayHandle) Remove()                                     {}

// The line editor of the shell.
type (
	Completion       struct{ Label, DisplayLabel, InsertText, Detail, Documentation, Kind string }
	CompletionResult struct {
		Items       []Completion
		ReplaceFrom int
	}
	CompletionMenu struct{ Compo }
	TextInput      struct {
		Compo
		Prompt         string
		KeyInterceptor func(Context, uv.KeyPressEvent) bool
		OnSubmit       func(Context, string) bool
	}
)

func NewTextInput(string) *TextInput {
	Refuse("the shell")
	return nil
}

func (*TextInput) Value() string   { return "" }
func (*TextInput) SetValue(string) {}
func (*TextInput) InsertRune(rune) {}
func (*TextInput) Render(Context)  {}

func NewCompletionMenu(*TextInput, func(string, int) CompletionResult) *CompletionMenu { return nil }

func (*CompletionMenu) HandleKeyPress(Context, uv.KeyPressEvent) bool { return false }
func (*CompletionMenu) Render(Context)                                {}
