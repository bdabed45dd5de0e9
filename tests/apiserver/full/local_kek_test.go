package full

import (
	"bytes"
	"testing"
	"time"

	"sealkit.test/rig"
)

// The local-KEK mode is turned on node by node, and off again all the way to aws-encryption-provider, as
// docs/kms-plugin.md says under "Rollout and rollback".
func TestLocalKEKNodeByNodeAndBack(t *testing.T) {
	t.Parallel()
	for _, api := range []string{onV1, onV2} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			double := rig.StartDouble(t, rig.KeyARN(1))
			nodes, plugins := startPair(t, double, api)
			turn := func(node int, localKEK bool) {
				t.Helper()
				plugins[node].Stop()
				plugins[node].Reconfigure(rig.PluginConfig{Key: rig.KeyARN(1), LocalKEK: localKEK})
				plugins[node].Start()
				nodes[node].restart()
				rig.Eventually(t, 40*time.Second, "healthy in the other mode", nodes[node].healthy)
			}
			direct := nodes[0].creates(api, "direct", 2)
			turn(0, true)
			first := nodes[0].creates(api, "first", 2)
			if !underKEK(nodes[0], first[0]) || underKEK(nodes[0], direct[0]) {
				t.Fatal("what lies in etcd shows no difference of the modes")
			}
			nodes.read(t, direct, first)
			turn(1, true)
			second := nodes[1].creates(api, "second", 2)
			nodes.read(t, direct, first, second)

			turn(0, false)
			turn(1, false)
			all := [][]string{direct, first, second}
			nodes.read(t, all...)
			nodes[0].rewrite(first)
			if !underKEK(nodes[0], first[0]) {
				t.Error("a write that changes nothing was written: docs/kms-plugin.md says that a new name is needed")
			}
			renamed := api + "-renamed"
			nodes.rename(t, plugins, api, renamed)
			for _, names := range all {
				nodes[0].rewrite(names)
				nodes[0].storedBy(renamed, names)
			}

			for node, plugin := range plugins {
				plugin.Stop()
				startLegacy(t, plugin.Socket(), &legacy{double: double, key: rig.KeyARN(1)})
				nodes[node].encryptBy(provider(renamed, plugin.Endpoint()))
				nodes[node].restart()
			}
			nodes.read(t, all...)
		})
	}
}

// underKEK says whether a Secret's DEK or seed is wrapped by a local KEK: its form begins with a magic.
func underKEK(server *apiserver, name string) bool {
	return bytes.Contains(server.store.stored(key(name)), []byte("SLKK"))
}

// rename has both nodes write under a provider of another name on the same socket: first all read it, then they write.
func (p pair) rename(t *testing.T, plugins [2]*rig.Plugin, from, to string) {
	t.Helper()
	for i, plugin := range plugins {
		p[i].encryptBy(provider(from, plugin.Endpoint()), provider(to, plugin.Endpoint()))
	}
	time.Sleep(3 * time.Second)
	for i, plugin := range plugins {
		p[i].encryptBy(provider(to, plugin.Endpoint()), provider(from, plugin.Endpoint()))
	}
	p.until(t, 30*time.Second, "writes under the new name", func(server *apiserver) error {
		return server.writesUnder(to, "renamed")
	})
}
