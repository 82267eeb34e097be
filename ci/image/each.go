package image

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/sync/errgroup"
)

// each does something for every name, a few at a time, and tells all problems at
// once. One that concerns the registry as a whole ends it and is told alone.
func each(ctx context.Context, names []string, do func(ctx context.Context, name string) error) error {
	found := make([]error, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, name := range names {
		group.Go(func() error {
			found[i] = do(ctx, name)
			if errors.Is(found[i], ErrUnreachable) || errors.Is(found[i], errCredentials) {
				return found[i]
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return join(found)
}

// join is errors.Join in one line.
func join(errs []error) error {
	var all problems
	for _, err := range errs {
		if err != nil {
			all = append(all, err)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

type problems []error

func (p problems) Error() string {
	texts := make([]string, len(p))
	for i, err := range p {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (p problems) Unwrap() []error { return p }
