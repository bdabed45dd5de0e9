package clients

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sealkit.test/rig"
)

// canary is in every plaintext and must not be in what is stored.
const canary = "canary-5d1e7a"

// setting is what a story has: a double with two keys, a plugin on the first, a configuration.
type setting struct {
	t      *testing.T
	client Client
	double *rig.Double
	plugin *rig.Plugin
	config string
}

// newSetting does not start the plugin.
func newSetting(t *testing.T, client Client) *setting {
	double := rig.StartDouble(t, rig.KeyARN(1), rig.KeyARN(2))
	return &setting{
		t: t, client: client, double: double,
		plugin: rig.NewPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1), Context: "cluster=story,stage=test"}),
		config: filepath.Join(t.TempDir(), "encryption.yaml"),
	}
}

// started is newSetting with a running plugin and a configuration of one provider.
func started(t *testing.T, client Client, api string) *setting {
	s := newSetting(t, client)
	s.plugin.Start()
	s.write(api)
	return s
}

// provider names a provider so that no two stories share one: Kubernetes' test clocks are by name.
func (s *setting) provider(api string) rig.Provider {
	name := strings.NewReplacer("/", "-", "_", "-").Replace(strings.ToLower(s.t.Name()))
	return rig.Provider{API: api, Name: name + "-" + api, Endpoint: s.plugin.Endpoint()}
}

func (s *setting) write(apis ...string) {
	s.t.Helper()
	var providers []rig.Provider
	for _, api := range apis {
		providers = append(providers, s.provider(api))
	}
	rig.WriteEncryptionConfig(s.t, s.config, providers...)
}

// prefix is what begins everything that a provider wrote.
func (s *setting) prefix(api string) string {
	return "k8s:enc:kms:" + api + ":" + s.provider(api).Name + ":"
}

// load loads the configuration as a starting apiserver does; stop ends that apiserver.
func (s *setting) load() (loaded Loaded, stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	loaded, err := s.client.Load(ctx, s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	return loaded, cancel
}

func (s *setting) watch() Loaded {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	loaded, err := s.client.Watch(ctx, s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	return loaded
}

// object is a plaintext and where it lies.
type object struct {
	path      string
	plaintext []byte
	stored    []byte
}

// writes encrypts count objects; each must be ciphertext of the provider with prefix.
func (s *setting) writes(loaded Loaded, prefix string, count int) []object {
	s.t.Helper()
	objects := make([]object, count)
	for i := range objects {
		path := fmt.Sprintf("/registry/secrets/default/object-%d", i)
		plaintext := fmt.Appendf(nil, "%s of object %d at %v", canary, i, time.Now())
		stored, err := loaded.Encrypt(plaintext, path)
		if err != nil {
			s.t.Fatalf("write %s: %v", path, err)
		}
		if !bytes.HasPrefix(stored, []byte(prefix)) {
			s.t.Fatalf("%s begins %.60q, not %q", path, stored, prefix)
		}
		if bytes.Contains(stored, []byte(canary)) {
			s.t.Fatalf("%s is stored in the clear", path)
		}
		objects[i] = object{path, plaintext, stored}
	}
	return objects
}

// reads decrypts all objects; each must be what was written, and stale or not as said.
func (s *setting) reads(loaded Loaded, objects []object, stale bool) {
	s.t.Helper()
	for _, object := range objects {
		plaintext, isStale, err := loaded.Decrypt(object.stored, object.path)
		if err != nil {
			s.t.Fatalf("read %s: %v", object.path, err)
		}
		if !bytes.Equal(plaintext, object.plaintext) {
			s.t.Fatalf("%s reads as %q", object.path, plaintext)
		}
		if isStale != stale {
			s.t.Fatalf("%s: stale is %v", object.path, isStale)
		}
	}
}
