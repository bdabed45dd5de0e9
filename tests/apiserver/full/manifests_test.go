package full

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	// manifestsOf names the directory of manifests that are played.
	manifestsOf = "SEALKIT_FETCHER_MANIFESTS"
	restricted  = "restricted"
)

// places is where objects of a kind are created, in the namespace.
var places = map[string]string{
	"v1 ConfigMap":                             "/api/v1/namespaces/" + restricted + "/configmaps",
	"v1 Pod":                                   "/api/v1/namespaces/" + restricted + "/pods",
	"v1 ServiceAccount":                        "/api/v1/namespaces/" + restricted + "/serviceaccounts",
	"apps/v1 Deployment":                       "/apis/apps/v1/namespaces/" + restricted + "/deployments",
	"batch/v1 Job":                             "/apis/batch/v1/namespaces/" + restricted + "/jobs",
	"networking.k8s.io/v1 NetworkPolicy":       "/apis/networking.k8s.io/v1/namespaces/" + restricted + "/networkpolicies",
	"rbac.authorization.k8s.io/v1 Role":        "/apis/rbac.authorization.k8s.io/v1/namespaces/" + restricted + "/roles",
	"rbac.authorization.k8s.io/v1 RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/" + restricted + "/rolebindings",
}

// document is one object of a file, as it is written there.
type document struct {
	file   string
	text   []byte
	object unstructured.Unstructured
}

// Each object of the fetcher's manifests is taken by a strict apiserver, in a namespace that enforces the Pod Security
// Standard "restricted". No controller runs here, so pods of templates are created as such.
func TestManifestsOfTheFetcher(t *testing.T) {
	t.Parallel()
	server := newAPIServer(t, startEtcd(t))
	server.encryptBy()
	server.start()
	client, err := server.clientset()
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{
		"pod-security.kubernetes.io/enforce":         restricted,
		"pod-security.kubernetes.io/enforce-version": "latest",
	}
	created := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: restricted, Labels: labels}}
	if _, err := client.CoreV1().Namespaces().Create(soon(t), created, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods := 0
	for _, document := range documents(t) {
		object := document.object
		name := filepath.Base(document.file) + ": " + object.GetKind() + " " + object.GetName()
		// Two files have the role's service account, each in its own way.
		isAgain := func(err error) bool { return object.GetKind() == "ServiceAccount" && apierrors.IsAlreadyExists(err) }
		if err := server.post(t, &object, document.text, "application/yaml"); err != nil && !isAgain(err) {
			t.Errorf("%s: %v", name, err)
		}
		pod := podOf(t, &object)
		if pod == nil {
			continue
		}
		pods++
		pod.SetName("of-" + strings.ToLower(object.GetKind()) + "-" + object.GetName())
		if err := server.post(t, pod, jsonOf(t, pod), "application/json"); err != nil {
			t.Errorf("%s: its pod: %v", name, err)
		}
		refusesTheWrong(t, server, pod, name)
	}
	if pods < 4 {
		t.Errorf("only %d pods in the manifests", pods)
	}
}

// refusesTheWrong sees that what is wrong with a pod is found: rights that the standard forbids, a misspelt field.
func refusesTheWrong(t *testing.T, server *apiserver, good *unstructured.Unstructured, name string) {
	t.Helper()
	for _, part := range []string{"containers", "initContainers"} {
		pod := good.DeepCopy()
		pod.SetName("privileged-" + strings.ToLower(part) + "-" + good.GetName())
		containers, _, err := unstructured.NestedSlice(pod.Object, "spec", part)
		if err != nil || len(containers) == 0 {
			t.Fatalf("%s: %s: %v", name, part, err)
		}
		containers[0].(map[string]any)["securityContext"] = map[string]any{"privileged": true}
		if err := unstructured.SetNestedSlice(pod.Object, containers, "spec", part); err != nil {
			t.Fatal(err)
		}
		err = server.post(t, pod, jsonOf(t, pod), "application/json")
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "violates PodSecurity") {
			t.Errorf("%s with privileged %s: %v", name, part, err)
		}
	}
	pod := good.DeepCopy()
	pod.SetName("misspelt-" + good.GetName())
	if err := unstructured.SetNestedField(pod.Object, "Never", "spec", "restartpolicy"); err != nil {
		t.Fatal(err)
	}
	err := server.post(t, pod, jsonOf(t, pod), "application/json")
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), `unknown field "spec.restartpolicy"`) {
		t.Errorf("%s with a misspelt field: %v", name, err)
	}
}

// post creates an object from a text, which the server validates strictly.
func (a *apiserver) post(t *testing.T, object *unstructured.Unstructured, text []byte, form string) error {
	t.Helper()
	place, ok := places[object.GetAPIVersion()+" "+object.GetKind()]
	if !ok {
		t.Fatalf("%s %s: where is it created?", object.GetAPIVersion(), object.GetKind())
	}
	client, err := a.clientset()
	if err != nil {
		t.Fatal(err)
	}
	request := client.CoreV1().RESTClient().Post().AbsPath(place).Param("fieldValidation", "Strict")
	return request.SetHeader("Content-Type", form).Body(text).Do(soon(t)).Error()
}

// podOf is the pod that a controller would create for an object.
func podOf(t *testing.T, object *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	pod := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod"}}
	from := []string{"spec", "template"}
	if object.GetKind() == "Pod" {
		from = nil
	}
	for _, part := range []string{"metadata", "spec"} {
		value, found, err := unstructured.NestedMap(object.Object, append(from, part)...)
		if err != nil {
			t.Fatal(err)
		}
		if found {
			pod.Object[part] = value
		} else if part == "spec" {
			return nil
		}
	}
	return pod
}

func documents(t *testing.T) []document {
	t.Helper()
	directory := os.Getenv(manifestsOf)
	if directory == "" {
		t.Fatalf("%s is not set: run ./check apiserver, or name the directory in it", manifestsOf)
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests in %s: %v", directory, err)
	}
	var all []document
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
		for {
			text, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			one := document{file: file, text: text}
			if err == nil {
				err = yaml.Unmarshal(text, &one.object.Object)
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			all = append(all, one)
		}
	}
	return all
}

func jsonOf(t *testing.T, object *unstructured.Unstructured) []byte {
	t.Helper()
	text, err := json.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
