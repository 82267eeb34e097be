package clustertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Server is an API server in memory.
type Server struct {
	mu            sync.Mutex
	version, pods int
	// objects are never changed once they are stored.
	objects   map[location]*cluster.Object
	forbidden map[string]bool
	writes    []Write
	logs      map[location]logged

	// Idle controllers do nothing: what they would do is the test's business.
	Idle bool
	// RunJob says what the container of a new Job does; it is called while nobody else can write. Nil lets Jobs wait for ever.
	RunJob func(job *cluster.Object) Ran
	// Hanging says of a pod, by its labels, that it does not become ready. Nil means that all do.
	Hanging func(labels map[string]string) bool
	// Proxy answers for pods and Services; the path begins behind /proxy. Nil answers 503.
	Proxy func(kind, namespace, name, path string) (status int, header http.Header, body string)
	// After sees each write that was done, while nobody else can write; it reads by Peek.
	After func(Write)
}

// NewServer is an API server without any objects.
func NewServer() *Server {
	return &Server{objects: map[location]*cluster.Object{}, forbidden: map[string]bool{}, logs: map[location]logged{}}
}

// Forbid takes all rights on a kind away from everybody.
func (s *Server) Forbid(kind string) { s.forbidden[kind] = true }

// Write is one change, as the server saw it.
type Write struct {
	// Verb is create, apply, patch, update, scale or delete.
	Verb string
	Ref  cluster.Ref
}

func (w Write) String() string { return w.Verb + " " + w.Ref.Kind + "/" + w.Ref.Name }

// Writes are all that changed something, in order.
func (s *Server) Writes() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Write(nil), s.writes...)
}

// Peek calls what with a view of the server while nobody writes: for Server.After, which is called with the server locked.
func (s *Server) Peek() View { return View{s} }

// View reads a server that is locked already.
type View struct{ server *Server }

// Get returns an object that must not be changed; nil when there is none.
func (v View) Get(ref cluster.Ref) *cluster.Object { return v.server.objects[locationOf(ref)] }

// List returns objects that must not be changed.
func (v View) List(apiVersion, kind, namespace string, labels map[string]string) []*cluster.Object {
	var found []*cluster.Object
	for _, l := range v.server.in(location{apiVersion: apiVersion, namespace: namespace, plural: pluralOf(apiVersion, kind)}) {
		if object := v.server.objects[l]; hasLabels(object, labels) {
			found = append(found, object)
		}
	}
	return found
}

// answer is what the server says to a request.
func (s *Server) answer(request *http.Request, body []byte) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list, ok := discovery(request.URL.Path); ok {
		return respond(request, http.StatusOK, list)
	}
	if request.URL.Path == "/api" || request.URL.Path == "/apis" {
		return respond(request, http.StatusOK, aggregatedDiscovery(request.URL.Path))
	}
	at, ok := locate(request.URL.Path)
	if !ok {
		return refuse(request, apierrors.NewNotFound(schema.GroupResource{}, request.URL.Path))
	}
	kind := kindOf(at.apiVersion, at.plural)
	switch {
	case kind == "SelfSubjectAccessReview":
		return s.review(request, body)
	case kind == "":
		return refuse(request, notFound(at))
	case s.forbidden[kind]:
		return refuse(request, apierrors.NewForbidden(schema.GroupResource{Resource: at.plural}, at.name, errors.New("User \"test\" cannot do that")))
	case at.subresource == "log":
		return s.log(request, at)
	case strings.HasPrefix(at.subresource, "proxy"):
		return s.proxied(request, kind, at)
	case request.Method == http.MethodGet && at.name == "":
		return s.list(request, at)
	case request.Method == http.MethodGet:
		if object := s.objects[at.key()]; object != nil {
			return respond(request, http.StatusOK, encoded(object))
		}
		return refuse(request, notFound(at))
	}
	result, err := s.change(request, at, kind, body)
	if err != nil {
		return refuse(request, err)
	}
	return respond(request, http.StatusOK, result)
}

// change does a write. What changed nothing is none.
func (s *Server) change(request *http.Request, at location, kind string, body []byte) (any, error) {
	dryRun := request.URL.Query().Get("dryRun") != ""
	before := s.version
	verb, result, err := s.do(request, &at, body, dryRun)
	if err != nil || dryRun || s.version == before && verb != "delete" {
		return result, err
	}
	write := Write{verb, at.ref(kind)}
	s.writes = append(s.writes, write)
	if s.After != nil {
		s.After(write)
	}
	return result, nil
}

func (s *Server) do(request *http.Request, at *location, body []byte, dryRun bool) (verb string, result any, err error) {
	manager := request.URL.Query().Get("fieldManager")
	live := s.objects[at.key()]
	keep := func(object *cluster.Object) any {
		if dryRun {
			return object.Object
		}
		return encoded(s.store(at.key(), object))
	}
	switch {
	case request.Method == http.MethodDelete:
		return "delete", metav1.Status{Status: metav1.StatusSuccess}, s.delete(*at, live, body, dryRun)
	case request.Method == http.MethodPost:
		object, err := parse(body)
		if err != nil {
			return "", nil, err
		}
		if object.GetName() == "" {
			object.SetName(object.GetGenerateName() + strconv.Itoa(s.version+1))
		}
		at.name = object.GetName()
		if s.objects[at.key()] != nil {
			return "", nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: at.plural}, at.name)
		}
		if object, err = updated(nil, object, manager, ""); err != nil {
			return "", nil, err
		}
		return "create", keep(object), nil
	case request.Header.Get("Content-Type") == "application/apply-patch+yaml":
		object, err := s.apply(*at, live, body, manager, request.URL.Query().Get("force") == "true")
		if err != nil {
			return "", nil, err
		}
		return "apply", keep(object), nil
	case live == nil:
		return "", nil, notFound(*at)
	case at.subresource == "scale":
		object, err := s.scale(*at, live, body)
		if err != nil {
			return "", nil, err
		}
		if object, err = updated(live, object, manager, "scale"); err != nil {
			return "", nil, err
		}
		return "scale", keep(object), nil
	}
	object, err := s.modified(request, *at, live, body)
	if err != nil {
		return "", nil, err
	}
	if object, err = updated(live, object, manager, ""); err == nil {
		err = keeps(live, object)
	}
	if err != nil {
		return "", nil, err
	}
	if request.Method == http.MethodPut {
		return "update", keep(object), nil
	}
	return "patch", keep(object), nil
}

func (s *Server) delete(at location, live *cluster.Object, body []byte, dryRun bool) error {
	if live == nil {
		return notFound(at)
	}
	var options metav1.DeleteOptions
	if len(body) > 0 {
		if err := json.Unmarshal(body, &options); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	if p := options.Preconditions; p != nil {
		if p.UID != nil && *p.UID != live.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != live.GetResourceVersion() {
			return conflict(at)
		}
	}
	if !dryRun {
		s.version++
		s.remove(at.key())
	}
	return nil
}

func (s *Server) apply(at location, live *cluster.Object, body []byte, manager string, force bool) (*cluster.Object, error) {
	wanted, err := parse(body)
	if err != nil {
		return nil, err
	}
	version, uid := wanted.GetResourceVersion(), wanted.GetUID()
	// As the real one does: without a UID, what is gone is made anew.
	if live == nil && uid != "" || live != nil && (version != "" && version != live.GetResourceVersion() || uid != "" && uid != live.GetUID()) {
		return nil, conflict(at)
	}
	wanted.SetResourceVersion("")
	wanted.SetUID("")
	object, err := applied(live, wanted, stripped(body, version, string(uid)), manager, force)
	if err == nil {
		err = keeps(live, object)
	}
	return object, err
}

// stripped is a body without the version and the UID that it was conditional on.
func stripped(body []byte, version, uid string) []byte {
	body = bytes.Replace(body, []byte(`"resourceVersion":"`+version+`"`), nil, 1)
	return bytes.Replace(body, []byte(`"uid":"`+uid+`"`), nil, 1)
}

func (s *Server) scale(at location, live *cluster.Object, body []byte) (*cluster.Object, error) {
	var wanted struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		Spec struct {
			Replicas int64 `json:"replicas"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &wanted); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if version := wanted.Metadata.ResourceVersion; version != "" && version != live.GetResourceVersion() {
		return nil, conflict(at)
	}
	scaled := live.DeepCopy()
	spec, _ := scaled.Object["spec"].(map[string]any)
	spec["replicas"] = wanted.Spec.Replicas
	return scaled, nil
}

// modified is the object as a PUT, a JSON patch or a merge patch makes it, with the server's own libraries and errors.
func (s *Server) modified(request *http.Request, at location, live *cluster.Object, body []byte) (*cluster.Object, error) {
	if request.Method == http.MethodPut {
		object, err := parse(body)
		if err == nil && object.GetResourceVersion() != live.GetResourceVersion() {
			err = conflict(at)
		}
		return object, err
	}
	before, err := live.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var after []byte
	if request.Header.Get("Content-Type") == "application/json-patch+json" {
		patch, decodeErr := jsonpatch.DecodePatch(body)
		if decodeErr != nil {
			return nil, apierrors.NewBadRequest(decodeErr.Error())
		}
		if after, err = patch.Apply(before); err != nil {
			refused := apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
			refused.ErrStatus.Details = &metav1.StatusDetails{} // the real server keeps the cause to itself
			return nil, refused
		}
	} else if after, err = jsonpatch.MergePatch(before, body); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object, err := parse(after)
	if err == nil && object.GetResourceVersion() != live.GetResourceVersion() {
		err = conflict(at)
	}
	return object, err
}

func (s *Server) list(request *http.Request, at location) *http.Response {
	byLabels, err := labels.Parse(request.URL.Query().Get("labelSelector"))
	if err != nil {
		return refuse(request, apierrors.NewBadRequest(err.Error()))
	}
	byFields, err := fields.ParseSelector(request.URL.Query().Get("fieldSelector"))
	if err != nil {
		return refuse(request, apierrors.NewBadRequest(err.Error()))
	}
	items := [][]byte{}
	for _, l := range s.in(at) {
		object := s.objects[l]
		if byLabels.Matches(labels.Set(object.GetLabels())) && byFields.Matches(fieldsOf{object}) {
			items = append(items, encoded(object))
		}
	}
	list := append([]byte(`{"apiVersion":"v1","kind":"List","items":[`), bytes.Join(items, []byte(","))...)
	return respond(request, http.StatusOK, json.RawMessage(append(list, "]}"...)))
}

// fieldsOf are the fields of an object by their paths.
type fieldsOf struct{ object *cluster.Object }

func (f fieldsOf) Has(string) bool { return true }

func (f fieldsOf) Get(path string) string {
	text, _ := nested(f.object, strings.Split(path, ".")...).(string)
	return text
}

// review answers whether the user has a right: on all kinds but the forbidden ones.
func (s *Server) review(request *http.Request, body []byte) *http.Response {
	var review struct {
		Spec struct {
			ResourceAttributes struct {
				Group    string `json:"group"`
				Version  string `json:"version"`
				Resource string `json:"resource"`
			} `json:"resourceAttributes"`
		} `json:"spec"`
	}
	_ = json.Unmarshal(body, &review)
	asked := review.Spec.ResourceAttributes
	version := strings.TrimPrefix(asked.Group+"/"+asked.Version, "/")
	allowed := true
	for apiVersion, known := range kinds {
		for kind, plural := range known {
			if plural == asked.Resource && (apiVersion == version || asked.Version == "") && s.forbidden[kind] {
				allowed = false
			}
		}
	}
	return respond(request, http.StatusCreated, map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": allowed}})
}

func (s *Server) proxied(request *http.Request, kind string, at location) *http.Response {
	if s.Proxy == nil {
		return refuse(request, apierrors.NewServiceUnavailable("no endpoints available"))
	}
	name, _, _ := strings.Cut(at.name, ":")
	status, header, body := s.Proxy(kind, at.namespace, name, strings.TrimPrefix(at.subresource, "proxy"))
	response := respond(request, status, json.RawMessage(body))
	for key, values := range header {
		response.Header[key] = values
	}
	return response
}

// encodings are stored objects as JSON, once for all runs that share them.
var encodings sync.Map

func encoded(object *cluster.Object) json.RawMessage {
	if known, ok := encodings.Load(object); ok {
		return known.(json.RawMessage)
	}
	data, _ := json.Marshal(object.Object)
	encodings.Store(object, json.RawMessage(data))
	return data
}

func parse(body []byte) (*cluster.Object, error) {
	object := &cluster.Object{}
	if err := object.UnmarshalJSON(body); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return object, nil
}

func respond(request *http.Request, status int, body any) *http.Response {
	content, ok := body.(json.RawMessage)
	if !ok {
		content, _ = json.Marshal(body)
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content))}
}

func refuse(request *http.Request, err error) *http.Response {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		status = apierrors.NewInternalError(err)
	}
	answer := status.Status()
	answer.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	return respond(request, int(answer.Code), answer)
}
