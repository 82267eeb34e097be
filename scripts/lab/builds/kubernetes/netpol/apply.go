package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// apply gives a script to nft, which carries it out as a whole or not at all.
func apply(ctx context.Context, script string) error {
	cmd := exec.CommandContext(ctx, "nft", "--file", "-")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("applying the rules: %w: %s\n%s", err, out, script)
	}
	return nil
}
