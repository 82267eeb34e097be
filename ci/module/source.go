package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/workspace"
)

const gitDir = ".git"

// tree lets the workspace room read a Dagger directory.
type tree struct{ *dagger.Directory }

func (t tree) Exists(ctx context.Context, path string) (bool, error) {
	return t.Directory.Exists(ctx, path)
}

func (t tree) Contents(ctx context.Context, path string) (string, error) {
	return t.File(path).Contents(ctx)
}

// sources are the workspace without its history: what a build may depend on.
func (m *TeamDashboard) sources() *dagger.Directory {
	return m.Source.WithoutDirectory(gitDir)
}

// buildContext is what the Dockerfiles are built from: the sources, with the
// manifests where `docker build -f k8s/dockerfiles/… .` expects them.
func (m *TeamDashboard) buildContext() *dagger.Directory {
	return m.sources().WithDirectory(workspace.Dockerfiles, m.Manifests.Directory("dockerfiles"))
}

// workspace checks the source before anything is built from it.
func (m *TeamDashboard) workspace(ctx context.Context) (workspace.Workspace, error) {
	return workspace.Read(ctx, tree{m.Source})
}

// buildable checks that every image of a release has its Dockerfile.
func (m *TeamDashboard) buildable(ctx context.Context) error {
	if _, err := m.workspace(ctx); err != nil {
		return err
	}
	return workspace.CheckDockerfiles(ctx, tree{m.buildContext()}, config.TeamDashboard())
}

// revision is what the source's history says of it.
type revision struct {
	commit  string
	created time.Time
	version string
}

// revision names the source. A tree without history is named by its content.
func (m *TeamDashboard) revision(ctx context.Context) (revision, error) {
	hasHistory, err := m.Source.Exists(ctx, gitDir)
	if err != nil {
		return revision{}, fmt.Errorf("looking for the source's history: %s", err)
	}
	var r revision
	var digest string
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { digest, err = m.sources().Digest(groupCtx); return })
	dirty := !hasHistory
	r.created = time.Unix(0, 0).UTC()
	if hasHistory {
		group.Go(func() (err error) {
			r.commit, r.created, err = headCommit(groupCtx, m.Source.Directory(gitDir))
			return
		})
		group.Go(func() error {
			clean, err := m.Source.AsGit().Uncommitted().IsEmpty(groupCtx)
			dirty = !clean
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return revision{}, fmt.Errorf("reading the source's history: %s; give --version to name the release yourself", err)
	}
	if !dirty {
		digest = ""
	}
	r.version = release.NewVersion(r.created, r.commit, digest)
	return r, nil
}

// headCommit reads the commit that is checked out, with the git of the module's own container.
func headCommit(ctx context.Context, gitDirectory *dagger.Directory) (string, time.Time, error) {
	folder, err := os.MkdirTemp("", "history")
	if err != nil {
		return "", time.Time{}, err
	}
	defer os.RemoveAll(folder)
	if _, err := gitDirectory.Export(ctx, folder); err != nil {
		return "", time.Time{}, err
	}
	out, err := exec.CommandContext(ctx, "git", "--git-dir", folder, "show", "--no-patch", "--format=%H %ct", "HEAD").Output()
	if err != nil {
		return "", time.Time{}, fmt.Errorf("git show HEAD: %s", err)
	}
	hash, stamp, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return hash, time.Unix(seconds, 0).UTC(), err
}
