package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/access"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/engine"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// errUnwell makes the status of a lab that does not work fail, for scripts.
var errUnwell = errors.New(`not everything is up; bring it up or repair it with "make lab"`)

func status(ctx context.Context, h *host.Host, stdout io.Writer) error {
	if _, err := h.Other(); err != nil {
		return err
	}
	use, err := access.Load(h)
	if err != nil {
		return err
	}
	well := true
	table := tabwriter.NewWriter(stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "PART\tSTATE\tDETAIL")
	for _, stage := range stages(h, use) {
		for _, p := range stage {
			state, detail := stateOf(ctx, p)
			well = well && state == "up"
			fmt.Fprintf(table, "%s\t%s\t%s\n", p.Name(), state, detail)
		}
	}
	if !use.OwnEngine() {
		fmt.Fprintf(table, "engine\tyours\t%s\n", use.Engine)
	}
	if !use.OwnCluster() {
		fmt.Fprintf(table, "cluster\tyours\t%s\n", use.Kubeconfig)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if !well {
		return errUnwell
	}
	return nil
}

func stateOf(ctx context.Context, p part.Part) (state, detail string) {
	detail, err := p.Status(ctx)
	switch {
	case errors.Is(err, part.ErrDown):
		return "down", ""
	case err != nil:
		return "broken", strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "up", detail
}

func env(h *host.Host, stdout io.Writer) error {
	use, err := access.Load(h)
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, use.Exports(h, engine.New(h).Host(), os.Getenv("PATH")))
	return err
}
