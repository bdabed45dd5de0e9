package clients

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"sealkit.test/rig"
)

// recognised is long enough for an answer of /readyz that Kubernetes remembers to be forgotten, and another given.
const recognised = 35 * time.Second

// One DEK per write: so many Encrypts. A second apiserver reads them all.
func roundTripV1(t *testing.T, client Client) {
	s := started(t, client, "v1")
	first, _ := s.load()
	if err := first.Healthy(); err != nil {
		t.Fatal(err)
	}
	s.double.ResetCalls()
	objects := s.writes(first, s.prefix("v1"), 20)
	if calls := s.double.Calls("Encrypt"); calls < len(objects) {
		t.Errorf("%d kms:Encrypt for %d writes", calls, len(objects))
	}
	s.reads(first, objects, false)
	second, _ := s.load()
	s.reads(second, objects, false)
	s.misplaced(second, objects[0])
}

// One seed per apiserver, whatever it writes. A second one has a seed of its own and reads all.
func roundTripV2(t *testing.T, client Client) {
	s := started(t, client, "v2")
	first, _ := s.load()
	if err := first.Healthy(); err != nil {
		t.Fatal(err)
	}
	s.double.ResetCalls()
	objects := s.writes(first, s.prefix("v2"), 200)
	if calls := s.double.Calls("Encrypt"); calls > 5 {
		t.Errorf("%d kms:Encrypt for %d writes under one seed; probes are 1 in 30 s", calls, len(objects))
	}
	s.reads(first, objects, false)
	second, _ := s.load()
	s.reads(second, objects, false)
	s.misplaced(second, objects[0])
}

// misplaced makes sure that the path is authenticated: a Secret copied to another name does not read there.
func (s *setting) misplaced(loaded Loaded, object object) {
	s.t.Helper()
	if _, _, err := loaded.Decrypt(object.stored, object.path+"-copied"); err == nil {
		s.t.Errorf("%s reads under another path", object.path)
	}
}

// The apiserver may start before the plugin: it serves, fails writes, and recovers by itself.
func primedOnceThere(t *testing.T, client Client) {
	s := newSetting(t, client)
	s.write("v2")
	loaded, _ := s.load()
	if err := loaded.Healthy(); err == nil {
		t.Fatal("healthy without a plugin")
	}
	if _, err := loaded.Encrypt([]byte(canary), "/registry/secrets/default/early"); err == nil {
		t.Fatal("written without a plugin")
	}
	s.plugin.Start()
	rig.Eventually(t, recognised, "healthy once the plugin is there", loaded.Healthy)
	s.reads(loaded, s.writes(loaded, s.prefix("v2"), 3), false)
}

// Another write key means another key_id: a new seed without a restart, and what the old one wrote is stale but reads.
func keyIDChanges(t *testing.T, client Client) {
	s := started(t, client, "v2")
	loaded, _ := s.load()
	before := s.writes(loaded, s.prefix("v2"), 3)
	if !bytes.Contains(before[0].stored, []byte(rig.KeyARN(1))) {
		t.Fatal("what is stored does not name the --key as key_id")
	}
	s.plugin.Stop()
	s.plugin.Reconfigure(rig.PluginConfig{Key: rig.KeyARN(2), Context: "cluster=story,stage=test"})
	s.plugin.Start()
	rig.Eventually(t, recognised+recognised, "the seed follows the key_id", func() error {
		if err := loaded.Healthy(); err != nil {
			return err
		}
		if written := s.writes(loaded, s.prefix("v2"), 1); !bytes.Contains(written[0].stored, []byte(rig.KeyARN(2))) {
			return errors.New("still under the first key")
		}
		return nil
	})
	s.reads(loaded, before, true)
	s.reads(loaded, s.writes(loaded, s.prefix("v2"), 3), false)
}

// Kubernetes pins the first version that Status says, and 1.28 takes v2beta1 only: a new process says the same.
func versionStays(t *testing.T, client Client) {
	s := started(t, client, "v2")
	loaded, _ := s.load()
	if err := loaded.Healthy(); err != nil {
		t.Fatal(err)
	}
	s.plugin.Kill()
	s.plugin.Start()
	// The remembered answer is of the old process; after this one it is the new one's.
	time.Sleep(21 * time.Second)
	if err := loaded.Healthy(); err != nil {
		t.Fatal(err)
	}
	s.reads(loaded, s.writes(loaded, s.prefix("v2"), 3), false)
}

// v2 comes above v1 on the same socket, without a restart of anything.
func reloadV1ToV2(t *testing.T, client Client) {
	s := started(t, client, "v1")
	loaded := s.watch()
	old := s.writes(loaded, s.prefix("v1"), 3)
	s.reads(loaded, old, false)
	s.write("v2", "v1")
	rig.Eventually(t, recognised, "the new configuration is in force", func() error { return s.writesUnder(loaded, "v2") })
	s.reads(loaded, s.writes(loaded, s.prefix("v2"), 3), false)
	// A later provider's data is stale: the next write of the object moves it.
	s.reads(loaded, old, true)
}

func (s *setting) writesUnder(loaded Loaded, api string) error {
	stored, err := loaded.Encrypt([]byte(canary), "/registry/secrets/default/reloaded")
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(stored, []byte(s.prefix(api))) {
		return fmt.Errorf("it begins %.60q", stored)
	}
	return nil
}

// A provider that no plugin serves is not taken over: the old configuration stays.
func reloadOfWhatIsMissing(t *testing.T, client Client) {
	s := started(t, client, "v2")
	loaded := s.watch()
	missing := rig.Provider{API: "v2", Name: "missing", Endpoint: "unix://" + s.plugin.Socket() + ".missing"}
	rig.WriteEncryptionConfig(t, s.config, missing, s.provider("v2"))
	rig.Holds(t, 15*time.Second, "the old configuration writes", func() error { return s.writesUnder(loaded, "v2") })
	if err := loaded.Healthy(); err != nil {
		t.Fatal(err)
	}
}
