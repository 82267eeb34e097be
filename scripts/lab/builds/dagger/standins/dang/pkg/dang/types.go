package dang

import (
	"iter"

	"github.com/vito/dang/pkg/hm"
)

// An Env says which names have which types; an EvalEnv, which values.
type (
	Env interface {
		Name() string
		SchemeOf(name string) (*hm.Scheme, bool)
	}
	EvalEnv interface {
		Get(name string) (Value, bool)
		Bindings(Visibility) []Keyed[Value]
	}
)

func CreateCompositeEnv(primary, _ EvalEnv) EvalEnv { return primary }

type Visibility int

const PublicVisibility Visibility = 0

type ModuleKind int

const (
	ObjectKind ModuleKind = iota
	EnumKind
	ScalarKind
	InterfaceKind
)

// A Module is a named type. It is always empty.
type Module struct {
	Named string
	Kind  ModuleKind
}

var StringType = &Module{Named: "String"}

func (m *Module) Name() string                               { return m.Named }
func (m *Module) String() string                             { return m.Named }
func (*Module) SchemeOf(string) (*hm.Scheme, bool)           { return nil, false }
func (*Module) GetDocString(string) (string, bool)           { return "", false }
func (*Module) GetModuleDocString() string                   { return "" }
func (*Module) GetDirectives(string) []*DirectiveApplication { return nil }

func (*Module) Bindings(Visibility) iter.Seq2[string, *hm.Scheme] {
	return func(func(string, *hm.Scheme) bool) {}
}

type (
	ListType   struct{ hm.Type }
	RecordType struct {
		Fields     []Keyed[*hm.Scheme]
		DocStrings map[string]string
		Directives []Keyed[[]*DirectiveApplication]
	}
)

func (*RecordType) String() string { return "record" }
