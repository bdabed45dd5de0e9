package full

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	kmstypes "k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2/v2"

	"sealkit.test/rig"
)

// keyID is the key_id that a Secret lies in etcd with.
func (a *apiserver) keyID(name string) string {
	a.t.Helper()
	stored, found := bytes.CutPrefix(a.store.stored(key(name)), []byte(prefixOf(onV2)))
	if !found {
		a.t.Fatalf("%s is not under %s", name, onV2)
	}
	var object kmstypes.EncryptedObject
	if err := proto.Unmarshal(stored, &object); err != nil {
		a.t.Fatal(err)
	}
	return object.KeyID
}

// AWS rotates the key's material behind its ARN: with followKeyMaterial the apiserver makes a new seed, and what
// is written again moves to it. Nothing is restarted but the plugin at the end, which goes not back.
func TestRotationIsFollowed(t *testing.T) {
	t.Parallel()
	double := rig.StartDouble(t, rig.KeyARN(1))
	plugin := rig.StartPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1), FollowKeyMaterial: true})
	server := newAPIServer(t, startEtcd(t))
	server.encryptBy(provider(onV2, plugin.Endpoint()))
	server.start()
	rig.Eventually(t, 30*time.Second, "healthy", server.healthy)
	old := server.creates(onV2, "old", 3)
	before := server.keyID(old[0])
	if !strings.HasPrefix(before, rig.KeyARN(1)+"#") {
		t.Fatalf("the key_id %q names no material", before)
	}

	double.Rotate(rig.KeyARN(1))
	count := 0
	rig.Eventually(t, 3*time.Minute, "a new Secret is under the new material", func() error {
		// /readyz has the apiserver ask Status each 20 s, as it does by itself each minute.
		if err := server.healthy(); err != nil {
			t.Errorf("unhealthy on the way: %v", err)
		}
		time.Sleep(time.Second)
		count++
		name := fmt.Sprint("probe-", count)
		if err := server.create(name); err != nil {
			return err
		}
		if server.keyID(name) == before {
			return errors.New("still under the old one")
		}
		return nil
	})
	after := server.keyID(fmt.Sprint("probe-", count))
	if id := server.keyID(old[0]); id != before {
		t.Errorf("an old Secret was moved to %q without a write", id)
	}
	server.rewrite(old)
	for _, name := range old {
		if id := server.keyID(name); id != after {
			t.Errorf("%s is under %q after its write, not under %q", name, id, after)
		}
	}

	plugin.Stop()
	plugin.Start()
	server.restart()
	rig.Eventually(t, 60*time.Second, "healthy", server.healthy)
	server.creates(onV2, "restarted", 1)
	if id := server.keyID("restarted-0"); id != after {
		t.Errorf("after a restart it is %q, not %q", id, after)
	}
	for _, name := range old {
		if err := server.read(name); err != nil {
			t.Error(err)
		}
	}
}
