package full

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedv1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"sealkit.test/rig"
)

const (
	// canary is in every Secret, and nowhere in etcd.
	canary    = "canary-9a3c40"
	namespace = "default"
	// Names of providers are part of what is stored. Here they begin with the API.
	onV1, onV2 = "v1-story", "v2-story"
	// providerNames are those whose clock can be put ahead.
	providerNames = onV2
)

func prefixOf(provider string) string { return "k8s:enc:kms:" + apiOf(provider) + ":" + provider + ":" }

func apiOf(provider string) string { return provider[:len("v1")] }

// provider is the one of this name on a plugin's socket.
func provider(name, endpoint string) rig.Provider {
	return rig.Provider{API: apiOf(name), Name: name, Endpoint: endpoint}
}

func (a *apiserver) secrets() typedv1.SecretInterface {
	a.t.Helper()
	client, err := a.clientset()
	if err != nil {
		a.t.Fatal(err)
	}
	return client.CoreV1().Secrets(namespace)
}

// create makes one Secret.
func (a *apiserver) create(name string) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Data:       map[string][]byte{"value": valueOf(name)},
	}
	_, err := a.secrets().Create(soon(a.t), secret, metav1.CreateOptions{})
	return err
}

func valueOf(name string) []byte { return []byte(canary + " of " + name) }

// creates makes count Secrets, which lie in etcd as the provider's ciphertext, and returns their names.
func (a *apiserver) creates(provider, name string, count int) []string {
	a.t.Helper()
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", name, i)
		if err := a.create(names[i]); err != nil {
			a.t.Fatalf("create %s: %v", names[i], err)
		}
	}
	a.storedBy(provider, names)
	return names
}

// storedBy makes sure that the Secrets lie in etcd as ciphertext of the provider.
func (a *apiserver) storedBy(provider string, names []string) {
	a.t.Helper()
	for _, name := range names {
		if stored := a.store.stored(key(name)); !bytes.HasPrefix(stored, []byte(prefixOf(provider))) {
			a.t.Fatalf("%s lies in etcd as %.60q", name, stored)
		}
	}
	for path, value := range a.store.everything() {
		if bytes.Contains(value, []byte(canary)) {
			a.t.Fatalf("%s lies in etcd in the clear", path)
		}
	}
}

func key(name string) string { return "secrets/" + namespace + "/" + name }

// reads gets each Secret, and lists exactly these and no others.
func (a *apiserver) reads(names ...[]string) {
	a.t.Helper()
	all := slices.Concat(names...)
	for _, name := range all {
		if err := a.read(name); err != nil {
			a.t.Fatal(err)
		}
	}
	list, err := a.secrets().List(soon(a.t), metav1.ListOptions{})
	if err != nil {
		a.t.Fatalf("list: %v", err)
	}
	listed := make(map[string][]byte, len(list.Items))
	for _, secret := range list.Items {
		listed[secret.Name] = secret.Data["value"]
	}
	slices.Sort(all)
	if have := slices.Sorted(maps.Keys(listed)); !slices.Equal(have, all) {
		a.t.Fatalf("listed are %v, not %v", have, all)
	}
	for name, value := range listed {
		if !bytes.Equal(value, valueOf(name)) {
			a.t.Fatalf("%s is listed as %q", name, value)
		}
	}
}

func (a *apiserver) read(name string) error {
	secret, err := a.secrets().Get(soon(a.t), name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if !bytes.Equal(secret.Data["value"], valueOf(name)) {
		return fmt.Errorf("%s reads as %q", name, secret.Data["value"])
	}
	return nil
}

// rewrite touches each Secret.
func (a *apiserver) rewrite(names []string) {
	a.t.Helper()
	for _, name := range names {
		if err := a.touch(name); err != nil {
			a.t.Fatalf("rewrite %s: %v", name, err)
		}
	}
}

// soon bounds one request; the apiserver's own calls of the plugin end after 3 s.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// writesUnder creates a Secret, or rewrites it, and says whether it lies in etcd under the provider.
func (a *apiserver) writesUnder(provider, name string) error {
	err := a.create(name)
	if apierrors.IsAlreadyExists(err) {
		err = a.touch(name)
	}
	if err != nil {
		return err
	}
	if stored := a.store.stored(key(name)); !bytes.HasPrefix(stored, []byte(prefixOf(provider))) {
		return fmt.Errorf("%s lies in etcd as %.60q", name, stored)
	}
	return nil
}

// touch is a write of a Secret that changes nothing, as in `kubectl replace` or a storage migration.
func (a *apiserver) touch(name string) error {
	secret, err := a.secrets().Get(soon(a.t), name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	_, err = a.secrets().Update(soon(a.t), secret, metav1.UpdateOptions{})
	return err
}
