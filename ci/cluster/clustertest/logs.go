package clustertest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"
)

// logged is the log of a pod. Its lines were written a millisecond apart.
type logged struct {
	began time.Time
	text  string
}

// Print makes the log of a pod.
func (s *Server) Print(namespace, pod, log string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.print(namespace, pod, log)
}

func (s *Server) print(namespace, pod, log string) {
	s.logs[location{collection{kindOf("v1", "Pod"), namespace}, pod, ""}] = logged{began: time.Now(), text: log}
}

// log answers with a pod's log up to now. Following it ends as if the connection had.
func (s *Server) log(request *http.Request, at location) *http.Response {
	query, found := request.URL.Query(), s.logs[location{at.collection, at.name, ""}]
	since, _ := time.Parse(time.RFC3339, query.Get("sinceTime"))
	var body bytes.Buffer
	for i, line := range strings.SplitAfter(found.text, "\n") {
		written := found.began.Add(time.Duration(i) * time.Millisecond).UTC()
		if line == "" || written.Before(since) {
			continue
		}
		if query.Get("timestamps") == "true" {
			body.WriteString(written.Format(time.RFC3339Nano) + " ")
		}
		body.WriteString(line)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}}, Request: request, Body: io.NopCloser(&body)}
}
