package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/workspace"
)

// tree lets the workspace room read a Dagger directory.
type tree struct{ *dagger.Directory }

func (t tree) Exists(ctx context.Context, path string) (bool, error) {
	return t.Directory.Exists(ctx, path)
}

func (t tree) Contents(ctx context.Context, path string) (string, error) {
	return t.File(path).Contents(ctx)
}

// source is what the pipeline validates and builds.
type source struct {
	// files are the source without its history.
	files *dagger.Directory
	// checkout is its history; nil where there is none.
	checkout *workspace.Checkout
	// elsewhere says that there is a history, and that it did not come with the source.
	elsewhere bool
}

// source checks the workspace before anything is made from it, and leaves out what is no part of it.
func (m *TeamDashboard) source(ctx context.Context) (source, workspace.Workspace, error) {
	tools, err := workspace.Read(ctx, tree{m.Source})
	if err != nil {
		return source{}, workspace.Workspace{}, err
	}
	hasHistory, err := m.Source.Exists(ctx, workspace.GitDir, dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType})
	if err != nil {
		return source{}, workspace.Workspace{}, fmt.Errorf("looking for the source's history: %s", err)
	}
	if !hasHistory {
		elsewhere, err := m.Source.Exists(ctx, workspace.GitDir)
		files := m.Source.Filter(dagger.DirectoryFilterOpts{Exclude: append(workspace.LeftoversWithoutGit, workspace.GitDir)})
		return source{files: files, elsewhere: elsewhere}, tools, err
	}
	files, checkout, err := m.checkout(ctx)
	return source{files: files, checkout: &checkout}, tools, err
}

// checkout lays the source down where git can read it.
func (m *TeamDashboard) checkout(ctx context.Context) (*dagger.Directory, workspace.Checkout, error) {
	folder, err := os.MkdirTemp("", "source")
	if err != nil {
		return nil, workspace.Checkout{}, err
	}
	if _, err := m.Source.Export(ctx, folder); err != nil {
		return nil, workspace.Checkout{}, fmt.Errorf("reading the source: %s", err)
	}
	checkout := workspace.NewCheckout(folder)
	if err := checkout.CheckLineEnds(ctx); err != nil {
		return nil, checkout, err
	}
	leftovers, err := checkout.Leftovers(ctx)
	if err != nil {
		return nil, checkout, err
	}
	absent, err := checkout.Absent(ctx)
	if err != nil {
		return nil, checkout, err
	}
	files := m.Source.WithoutFiles(append(leftovers, workspace.GitDir))
	if len(absent) > 0 {
		committed := m.Source.AsGit().Uncommitted().Before()
		files = files.WithDirectory(".", committed.Filter(dagger.DirectoryFilterOpts{Include: workspace.Literals(absent)}))
	}
	return files, checkout, nil
}

// buildContext is what the Dockerfiles are built from: the source, with the manifests where
// `docker build -f k8s/dockerfiles/… .` expects them. Every image of a release has its Dockerfile there.
func (m *TeamDashboard) buildContext(ctx context.Context) (*dagger.Directory, source, error) {
	src, _, err := m.source(ctx)
	if err != nil {
		return nil, src, err
	}
	files := src.files.WithDirectory(workspace.Dockerfiles, m.Manifests.Directory("dockerfiles"))
	return files, src, workspace.CheckDockerfiles(ctx, tree{files}, config.TeamDashboard())
}

// revision is what the source's history says of it.
type revision struct {
	commit  string
	created time.Time
	version string
}

// revision names the source. What its commit does not hold is named by its content.
func (s source) revision(ctx context.Context) (revision, error) {
	if s.elsewhere {
		return revision{}, fmt.Errorf("reading the source's history: %s is a file, as in a worktree or a submodule, and its history is elsewhere; give --version, or a clone", workspace.GitDir)
	}
	r := revision{created: time.Unix(0, 0).UTC()}
	clean := false
	if s.checkout != nil {
		var err error
		if r.commit, r.created, err = s.checkout.Head(ctx); err == nil {
			clean, err = s.checkout.Clean(ctx)
		}
		if err != nil {
			return revision{}, fmt.Errorf("reading the source's history: %s; give --version to name the release yourself", err)
		}
	}
	digest := ""
	if !clean {
		var err error
		if digest, err = s.files.Digest(ctx); err != nil {
			return revision{}, fmt.Errorf("reading the source: %s", err)
		}
	}
	r.version = release.NewVersion(r.created, r.commit, digest)
	return r, nil
}
