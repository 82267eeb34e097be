package dang

// Keyed is a value with its name.
type Keyed[T any] struct {
	Key   string
	Value T
}

// The nodes of a program, as far as the SDK makes some itself.
type (
	Node   any
	Record []Keyed[Node]

	Symbol    struct{ Name string }
	String    struct{ Value string }
	ValueNode struct{ Val Value }
	Select    struct{ Receiver, Field Node }
	FunCall   struct {
		Fun  Node
		Args Record
	}
	DirectiveApplication struct {
		Name string
		Args []Keyed[Node]
	}
)
