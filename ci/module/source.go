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
	// fetch are those of the files that pnpm fetch reads.
	fetch    *dagger.Directory
	tools    workspace.Workspace
	checkout workspace.Checkout
}

// source checks the workspace before anything is made from it, and leaves out what is no part of it. The engine knows
// the result by its content: what was made from it is made again when the content changes, and not when a commit does.
func (m *TeamDashboard) source(ctx context.Context) (s source, err error) {
	if s.tools, err = workspace.Read(ctx, tree{m.Source}); err != nil {
		return source{}, err
	}
	// The engine takes files from the folder that a function runs in, and from no other.
	folder, err := os.MkdirTemp(".", "source")
	if err != nil {
		return source{}, err
	}
	if _, err := m.Source.Export(ctx, folder); err != nil {
		return source{}, fmt.Errorf("reading the source: %s", err)
	}
	if s.checkout, err = workspace.OpenCheckout(ctx, folder); err != nil {
		return source{}, err
	}
	s.files = dag.CurrentModule().Workdir(folder, dagger.CurrentModuleWorkdirOpts{Exclude: []string{workspace.GitDir}})
	s.fetch = dag.CurrentModule().Workdir(folder, dagger.CurrentModuleWorkdirOpts{Include: s.tools.Fetch})
	return s, nil
}

// buildContext is what the Dockerfiles are built from: the source, with the manifests where
// `docker build -f k8s/dockerfiles/… .` expects them. Every image of a release has its Dockerfile there.
func (m *TeamDashboard) buildContext(ctx context.Context) (*dagger.Directory, source, error) {
	src, err := m.source(ctx)
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
	commit, created, err := s.checkout.Head(ctx)
	if err != nil {
		return revision{}, fmt.Errorf("reading the source's history: %s; give a clone of its repository, or --version to name the release yourself", err)
	}
	clean, err := s.checkout.Clean(ctx)
	if err != nil {
		return revision{}, fmt.Errorf("reading the source's history: %s; give a clone of its repository, or --version to name the release yourself", err)
	}
	digest := ""
	if !clean {
		if digest, err = s.files.Digest(ctx); err != nil {
			return revision{}, fmt.Errorf("reading the source: %s", err)
		}
	}
	return revision{commit: commit, created: created, version: release.NewVersion(created, commit, digest)}, nil
}
