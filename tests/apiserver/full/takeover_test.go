package full

import (
	"bytes"
	"testing"
	"time"

	"sealkit.test/rig"
)

// The plugin takes the place of one that writes aws-encryption-provider's format, on the socket that it left behind,
// and gives it back. The apiserver is restarted each time, so that nothing is read from its own cache.
func TestTakeover(t *testing.T) {
	t.Parallel()
	for _, api := range []string{onV1, onV2} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			double := rig.StartDouble(t, rig.KeyARN(1))
			plugin := rig.NewPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1), Context: "cluster=story"})
			wrapping := &legacy{double: double, key: rig.KeyARN(1), context: map[string]string{"cluster": "story"}}
			stop := startLegacy(t, plugin.Socket(), wrapping)
			server := newAPIServer(t, startEtcd(t))
			server.encryptBy(provider(api, plugin.Endpoint()))
			server.start()
			old := server.creates(api, "old", 3)
			lay := server.store.stored(key(old[0]))

			stop()
			plugin.Start()
			server.restart()
			rig.Eventually(t, 40*time.Second, "healthy under the plugin", server.healthy)
			server.reads(old)
			server.rewrite(old)
			if !bytes.Equal(lay, server.store.stored(key(old[0]))) {
				t.Error("a write that changes nothing was written: what was there passed for stale")
			}
			ours := server.creates(api, "ours", 3)
			server.reads(old, ours)

			plugin.Stop()
			// This fails if the plugin left its socket.
			startLegacy(t, plugin.Socket(), wrapping)
			server.restart()
			rig.Eventually(t, 40*time.Second, "healthy back again", server.healthy)
			server.reads(old, ours, server.creates(api, "back", 3))
		})
	}
}
