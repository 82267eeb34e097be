package health

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// endpoint is a path of a service that tells its health.
type endpoint struct {
	service config.Service
	path    string
}

// place is where a release is asked: behind its own Services, or behind the
// front door.
type place interface {
	// health lists one endpoint for each service, data those that tell the state
	// of the data stores.
	health() []endpoint
	data() []endpoint
	ask(ctx context.Context, at endpoint) (Answer, error)
}

// inside asks the Services by way of the API server.
type inside struct {
	app    config.Application
	target release.Target
	api    *cluster.Cluster
}

func (i inside) health() []endpoint {
	endpoints := []endpoint{}
	for _, service := range i.app.Services {
		endpoints = append(endpoints, endpoint{service, config.InternalHealthPath})
	}
	return endpoints
}

// Every service reports the data stores that it uses itself.
func (i inside) data() []endpoint { return i.health() }

func (i inside) ask(ctx context.Context, at endpoint) (Answer, error) {
	name := at.service.Name
	if i.target.Slot != "" {
		name += "-" + i.target.Slot
	}
	response, err := i.api.ServiceGet(ctx, i.target.Environment.Namespace, name, at.service.Port, at.path)
	if err != nil {
		return Answer{}, err
	}
	return answerOf(response.Status, response.Header, response.Body, response.Duration), nil
}

// outside asks the environment's URL.
type outside struct {
	app    config.Application
	target release.Target
	door   *FrontDoor
}

func (o outside) health() []endpoint {
	endpoints := []endpoint{}
	for _, service := range o.app.Services {
		endpoints = append(endpoints, endpoint{service, service.HealthPath})
	}
	return endpoints
}

func (o outside) data() []endpoint {
	endpoints := []endpoint{}
	for _, path := range o.target.Environment.HealthPaths {
		endpoints = append(endpoints, endpoint{o.owner(path), path})
	}
	return endpoints
}

// owner is the service that the front door routes a path to: the one with the
// longest prefix.
func (o outside) owner(path string) config.Service {
	var owner config.Service
	for _, service := range o.app.Services {
		if strings.HasPrefix(path, service.Path) && len(service.Path) > len(owner.Path) {
			owner = service
		}
	}
	return owner
}

func (o outside) ask(ctx context.Context, at endpoint) (Answer, error) {
	return o.door.Get(ctx, at.path)
}

// examine asks an endpoint and says what is wrong with the answer, if anything.
func examine(ctx context.Context, target release.Target, at place, asked endpoint) (Answer, string) {
	answer, err := at.ask(ctx, asked)
	if err != nil {
		return answer, fmt.Sprintf("%s: %s: no answer: %s", asked.service.Name, asked.path, err)
	}
	if problem := answer.problem(target); problem != "" {
		return answer, fmt.Sprintf("%s: %s %s", asked.service.Name, asked.path, problem)
	}
	return answer, ""
}
