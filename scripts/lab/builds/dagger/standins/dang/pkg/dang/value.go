package dang

import "github.com/vito/dang/pkg/hm"

// The values that cross between a program and the engine.
type (
	Value any

	StringValue struct{ Val string }
	IntValue    struct{ Val int }
	BoolValue   struct{ Val bool }
	EnumValue   struct{ Val string }
	NullValue   struct{}
	ScalarValue struct {
		Val        string
		ScalarType *Module
	}
	ListValue struct {
		Elements []Value
		ElemType hm.Type
	}
	ConstructorFunction struct {
		ClassName      string
		ClassType      *Module
		ClassBodyForms []Node
		FnType         *hm.FunctionType
	}
)

// A ModuleValue is an object: an instance of a Module.
type ModuleValue struct {
	Mod    Env
	Values map[string]Value
}

func NewModuleValue(mod Env) *ModuleValue { return &ModuleValue{Mod: mod} }

func (v *ModuleValue) Get(name string) (Value, bool) {
	value, ok := v.Values[name]
	return value, ok
}

func (*ModuleValue) Set(string, Value)                  {}
func (*ModuleValue) SetDynamicScope(Value)              {}
func (*ModuleValue) Bindings(Visibility) []Keyed[Value] { return nil }
