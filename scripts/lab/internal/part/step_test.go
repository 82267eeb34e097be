package part

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStepPrintsWhatItDidAndHowLongItTook(t *testing.T) {
	var text bytes.Buffer
	ctx := Named(WithLog(t.Context(), NewLog(&text)), "engine")

	require.NoError(t, Step(ctx, "building it", func(context.Context) error { return nil }))
	Info(ctx, "listens on %d", 80)
	assert.Regexp(t, regexp.MustCompile(`\Aengine +building it +\d+\.\d s\nengine +listens on 80\n\z`), text.String())
}

func TestStepNamesItselfInItsError(t *testing.T) {
	var text bytes.Buffer
	cause := errors.New("no compiler")
	err := Step(WithLog(t.Context(), NewLog(&text)), "building it", func(context.Context) error { return cause })
	require.ErrorIs(t, err, cause)
	assert.EqualError(t, err, "building it: no compiler")
	assert.Contains(t, text.String(), "failed after")
}
