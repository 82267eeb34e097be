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
	Width  int
	height int
	lines  *[]string
}

func (c Context) Line(line string)      { *c.lines = append(*c.lines, line) }
func (c Context) Lines(lines ...string) { *c.lines = append(*c.lines, lines...) }

func (c Context) ScreenHeight() int { return c.height }

func draw(component Component, on size) []string {
	var lines []string
	component.Render(Context{Width: on.width, height: on.height, lines: &lines})
	return lines
}

// within draws a child of a component that is being drawn.
func within(ctx Context, child Component) []string {
	return draw(child, size{width: ctx.Width, height: ctx.height})
}

// Compo is what all components embed.
type Compo struct{}

// Update asks for the component to be drawn again, which is done all the time.
func (*Compo) Update() {}

type RenderResult struct{ Lines []string }

func (*Compo) RenderChildResult(ctx Context, child Component) RenderResult {
	return RenderResult{Lines: within(ctx, child)}
}

func (*Compo) RenderChildInline(ctx Context, child Component) string {
	return strings.Join(within(ctx, child), " ")
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
		ctx.Lines(within(ctx, child)...)
	}
}
