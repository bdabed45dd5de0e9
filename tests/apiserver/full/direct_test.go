package full

import (
	"testing"
	"time"

	"sealkit.test/rig"
)

// A cluster on v1 goes to v2 on the same socket by reloads alone, as the guide says. On the way: an apiserver's
// restart costs a warm plugin no Decrypt, and the plugin may be killed.
func TestFromV1ToV2(t *testing.T) {
	t.Parallel()
	double := rig.StartDouble(t, rig.KeyARN(1))
	plugin := rig.StartPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1), Context: "cluster=story"})
	first, second := provider(onV1, plugin.Endpoint()), provider(onV2, plugin.Endpoint())
	server := newAPIServer(t, startEtcd(t))
	server.encryptBy(first)
	server.start()
	old := server.creates(onV1, "old", 50)
	server.reads(old)

	// All DEKs were made by this plugin: what it remembers is enough.
	double.ResetCalls()
	server.restart()
	server.reads(old)
	if calls := double.Calls("Decrypt"); calls > 5 {
		t.Errorf("%d kms:Decrypt for %d Secrets that the plugin knows; probes are 1 in 30 s", calls, len(old))
	}

	// First below, so that every apiserver can read v2 before one writes it.
	server.encryptBy(first, second)
	time.Sleep(3 * time.Second)
	server.creates(onV1, "between", 1)
	server.encryptBy(second, first)
	rig.Eventually(t, 30*time.Second, "new Secrets are under v2", func() error { return server.writesUnder(onV2, "turned") })
	server.rewrite(old)
	server.storedBy(onV2, old)

	plugin.Kill()
	if err := server.read(old[0]); err != nil {
		t.Errorf("the apiserver's own cache reads without a plugin: %v", err)
	}
	plugin.Start()
	rig.Eventually(t, 60*time.Second, "healthy after the plugin was killed", server.healthy)
	server.creates(onV2, "after", 3)
}
