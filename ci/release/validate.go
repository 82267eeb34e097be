package release

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/config"
)

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Validate says whether the release is whole: exactly the wanted images, each
// by its digest. All problems are reported at once.
func (r Release) Validate(want []string) error {
	return r.report(append(r.check(), r.compare(want)...))
}

// ValidateFor is Validate for an application, and also refuses images that do
// not come from the application's own repositories.
func (r Release) ValidateFor(app config.Application) error {
	problems := append(r.check(), r.compare(app.Images())...)
	for _, name := range app.Images() {
		repository, _, _ := strings.Cut(r.Images[name], "@")
		if repository != "" && repository != app.Repository(name) {
			problems = append(problems, fmt.Sprintf("image of %q comes from %q, only %q is deployed", name, repository, app.Repository(name)))
		}
	}
	return r.report(problems)
}

// check looks at what needs no knowledge of the application.
func (r Release) check() []string {
	problems := []string{}
	if r.Version == "" {
		problems = append(problems, `field "version" is missing`)
	} else if err := CheckVersion(r.Version); err != nil {
		problems = append(problems, err.Error())
	}
	if len(r.Images) == 0 {
		problems = append(problems, `field "images" is missing or empty`)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Images)) {
		if problem := referenceProblem(r.Images[name]); problem != "" {
			problems = append(problems, fmt.Sprintf("image of %q: %q %s", name, r.Images[name], problem))
		}
	}
	return problems
}

func (r Release) compare(want []string) []string {
	problems := []string{}
	for _, name := range want {
		if _, ok := r.Images[name]; !ok {
			problems = append(problems, fmt.Sprintf("no image for %q", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Images)) {
		if !slices.Contains(want, name) {
			problems = append(problems, fmt.Sprintf("image %q belongs to no service, known are %s", name, strings.Join(want, ", ")))
		}
	}
	return problems
}

func referenceProblem(image string) string {
	repository, digest, found := strings.Cut(image, "@")
	switch {
	case !found:
		return "has no digest; images are deployed as repository@sha256:…, since a tag may move"
	case !digestForm.MatchString(digest):
		return "has a malformed digest; it must be sha256: and 64 hexadecimal digits"
	case repository == "" || strings.Contains(repository[strings.LastIndex(repository, "/")+1:], ":"):
		return "must be a repository and a digest, without a tag"
	}
	return ""
}

func (r Release) report(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("release %q: %s; give a release that publish returned", r.Version, strings.Join(problems, "; "))
}
