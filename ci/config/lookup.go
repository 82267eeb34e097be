package config

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Environment finds an environment by its name, in any case. The error for an
// unknown one lists those there are and suggests the nearest.
func (a Application) Environment(name string) (Environment, error) {
	names := make([]string, 0, len(a.Environments))
	for _, environment := range a.Environments {
		if strings.EqualFold(environment.Name, name) {
			return environment, nil
		}
		names = append(names, environment.Name)
	}
	return Environment{}, unknown("environment", name, names)
}

// Place finds an environment, or the monitoring: what has Secrets of its own.
func (a Application) Place(name string) (Environment, error) {
	if strings.EqualFold(name, MonitoringName) {
		return a.Monitoring.Environment(), nil
	}
	return a.Environment(name)
}

// Service finds a service by its name. The error for an unknown one lists
// those there are and suggests the nearest.
func (a Application) Service(name string) (Service, error) {
	names := make([]string, 0, len(a.Services))
	for _, service := range a.Services {
		if service.Name == name {
			return service, nil
		}
		names = append(names, service.Name)
	}
	return Service{}, unknown("service", name, names)
}

// Images names the images of a release: one a service, and the smoke suite's.
func (a Application) Images() []string {
	names := make([]string, 0, len(a.Services)+1)
	for _, service := range a.Services {
		names = append(names, service.Name)
	}
	return append(names, a.SmokeImage)
}

// AllImages names the images of a release and those of the data layer.
func (a Application) AllImages() []string {
	names := a.Images()
	for _, image := range a.DataImages {
		names = append(names, image.Name)
	}
	return names
}

// LatestTag follows what the last environment of the route runs.
const LatestTag = "latest"

// MovingTags are the image tags that follow what runs where: the environments'
// names and LatestTag. What they name changes with every deploy, so that none of
// them is a version.
func (a Application) MovingTags() []string {
	tags := make([]string, 0, len(a.Environments)+1)
	for _, environment := range a.Environments {
		tags = append(tags, environment.Name)
	}
	return append(tags, LatestTag)
}

// Tag is that of the image which a Dockerfile makes, so that a tag never stands
// for two images: 17-0123456789ab, the version and the beginning of the file's
// SHA-256.
func (i DataImage) Tag(dockerfile []byte) string {
	sum := sha256.Sum256(dockerfile)
	return fmt.Sprintf("%s-%x", i.Version, sum[:6])
}

// Repository is where an image of the application is pushed to.
func (a Application) Repository(image string) string {
	return a.Registry + "/" + image
}

func unknown(what, name string, known []string) error {
	hint := ""
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("unknown %s %q: known are %s%s", what, name, strings.Join(known, ", "), hint)
}

// nearest is the candidate that the person most likely meant: one that name
// abbreviates, else one that at most half of name must be retyped for. Empty
// when there is none.
func nearest(name string, candidates []string) string {
	name = strings.ToLower(name)
	best, least := "", len(name)/2+1
	for _, candidate := range candidates {
		if len(name) > 1 && strings.HasPrefix(candidate, name) {
			return candidate
		}
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's: the least number of bytes to insert, delete or
// replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// Route lists the environments that a release built from source goes through to
// reach the given one, that one last: those listed before it come first, so
// production is reached through staging.
func (a Application) Route(to Environment) []Environment {
	for i, environment := range a.Environments {
		if environment.Name == to.Name {
			return a.Environments[:i+1]
		}
	}
	return nil
}
