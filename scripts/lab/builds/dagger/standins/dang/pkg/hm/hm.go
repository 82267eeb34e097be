// Package hm has the types of Dang's type system that Dagger asks about.
package hm

type Type interface{ String() string }

// A Scheme is a type with variables; here it never has any.
type Scheme struct{ T Type }

func (s *Scheme) Type() (t Type, concrete bool) { return s.T, true }

type NonNullType struct{ Type }

type FunctionType struct{ In, Out Type }

func (f *FunctionType) Arg() Type      { return f.In }
func (f *FunctionType) Ret(bool) Type  { return f.Out }
func (f *FunctionType) String() string { return "function" }
