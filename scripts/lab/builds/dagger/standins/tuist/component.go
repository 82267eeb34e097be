package tuist

import (
	"slices"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
)

// What a component may be.
type (
	Component interface {
		Render(Context)
		Update()
	}
	Mounter     interface{ OnMount(Context) }
	Focusable   interface{ SetFocused(Context, bool) }
	Interactive interface {
		HandleKeyPress(Context, uv.KeyPressEvent) bool
	}
)

// A Context is where a component draws: lines, one below the other.
type Context struct {
	Width int
	lines *[]string
}

func (c Context) Line(line string)      { *c.lines = append(*c.lines, line) }
func (c Context) Lines(lines ...string) { *c.lines = append(*c.lines, lines...) }

// ScreenHeight has no limit: what is drawn once, at the end, may scroll.
func (c Context) ScreenHeight() int { return 1 << 20 }

func draw(component Component, width int) []string {
	var lines []string
	component.Render(Context{Width: width, lines: &lines})
	return lines
}

// Compo is what all components embed.
type Compo struct{}

// Update would ask for the component to be drawn again.
func (*Compo) Update() {}

type RenderResult struct{ Lines []string }

func (*Compo) RenderChildResult(ctx Context, child Component) RenderResult {
	return RenderResult{Lines: draw(child, ctx.Width)}
}

func (*Compo) RenderChildInline(ctx Context, child Component) string {
	return strings.Join(draw(child, ctx.Width), " ")
}

// A Container draws its children one below the other.
type Container struct {
	Compo
	Children []Component
}

func (c *Container) AddChild(child Component) { c.Children = append(c.Children, child) }

func (c *Container) RemoveChild(child Component) {
	c.Children = slices.DeleteFunc(c.Children, func(other Component) bool { return other == child })
}

func (c *Container) Render(ctx Context) {
	for _, child := range c.Children {
		ctx.Lines(draw(child, ctx.Width)...)
	}
}
