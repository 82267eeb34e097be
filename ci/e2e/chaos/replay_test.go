package chaos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is printed of a round can be given back.
func TestReplayRepeatsWhatIsPrinted(t *testing.T) {
	for _, want := range Plan(3, FullRounds) {
		got, err := Replay(99, want.what()+", then "+string(want.Then))
		require.NoError(t, err)
		want.Number, want.Text = 1, false
		assert.Equal(t, []Round{want}, got)
	}
}

func TestReplay(t *testing.T) {
	rounds, err := Replay(1, "hand: policy@switch, CLI killed@undo#2, then rollback --force; etcd stopped@wait#1/3/2.5s")
	require.NoError(t, err)
	require.Len(t, rounds, 2)
	assert.Equal(t, Cell{HandOnPolicy, "switch"}, rounds[0].Shots[0].Cell)
	assert.Equal(t, 2, rounds[0].Shots[1].N)
	assert.True(t, rounds[0].Broken)
	assert.Equal(t, ForcedRollback, rounds[0].Then)
	assert.Equal(t, Shot{Cell: Cell{EtcdStopped, "wait"}, N: 1, Variant: 3, For: 2500 * time.Millisecond}, rounds[1].Shots[0])
}

func TestReplayRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "is no event",
		"flood@apply":                  `no event is called "flood"`,
		"409@landing":                  `no step is called "landing"`,
		"409@apply, then prayer":       `nothing is called "prayer"`,
		"CLI killed@apply, 409@switch": "no run comes to",
		"409@settle, 500@undo":         "no run comes to",
	} {
		_, err := Replay(1, text)
		assert.ErrorContains(t, err, want, text)
	}
}
