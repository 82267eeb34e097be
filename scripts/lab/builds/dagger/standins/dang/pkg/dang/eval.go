// Package dang has the names of the Dang language that Dagger's SDK for it
// compiles against. Every way to run a program ends in ErrNoDang.
package dang

import (
	"context"
	"errors"
)

// ErrNoDang is what a module in Dang meets.
var ErrNoDang = errors.New("this engine cannot run Dang: write the module in Go")

// RunDir would load a module's folder; the SDK does this first.
func RunDir(context.Context, string, bool) (EvalEnv, error) { return nil, ErrNoDang }

func EvalNode(context.Context, EvalEnv, Node) (Value, error) { return nil, ErrNoDang }

func EvaluateFormsWithPhases(context.Context, []Node, EvalEnv) (Value, error) {
	return nil, ErrNoDang
}

func (*FunCall) Eval(context.Context, EvalEnv) (Value, error) { return nil, ErrNoDang }

func (*ConstructorFunction) Call(context.Context, EvalEnv, map[string]Value) (Value, error) {
	return nil, ErrNoDang
}

// An ImportConfig says which GraphQL API a program may import.
type ImportConfig struct {
	Name           string
	Client, Schema any
	AutoImport     bool
}

func ContextWithImportConfigs(ctx context.Context, _ ...ImportConfig) context.Context { return ctx }
