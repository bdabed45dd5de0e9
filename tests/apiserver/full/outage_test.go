package full

import (
	"errors"
	"testing"
	"time"

	"sealkit.test/rig"
)

// deepOutage black-holes KMS and waits until the plugin is certain of it.
func deepOutage(t *testing.T, double *rig.Double, plugin *rig.Plugin) {
	t.Helper()
	double.BlackHole()
	rig.Eventually(t, 70*time.Second, "the plugin is certain of the outage", func() error {
		return plugin.State("out")
	})
	if err := plugin.Live(); err != nil {
		t.Error(err)
	}
}

// KMS answers nothing, and the apiserver alone is restarted. In direct mode it writes nothing, is not ready, and
// recovers by itself. Under v1 it reads what the plugin remembers; under v2 it reads nothing without a seed of its own.
func TestRestartInOutageDirect(t *testing.T) {
	t.Parallel()
	for _, api := range []string{onV1, onV2} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			double := rig.StartDouble(t, rig.KeyARN(1))
			plugin := rig.StartPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1)})
			server := newAPIServer(t, startEtcd(t))
			server.encryptBy(provider(api, plugin.Endpoint()))
			server.start()
			old := server.creates(api, "old", 3)
			deepOutage(t, double, plugin)
			if plugin.Ready() == nil || plugin.RestartCarried() == nil {
				t.Error("the plugin promises what it cannot keep")
			}

			server.restart()
			if api == onV1 {
				server.reads(old)
			} else if err := server.read(old[0]); err == nil {
				t.Error("it was read: kube-apiserver has learnt something, and so may docs/kms-plugin.md")
			}
			if server.create("in-outage") == nil {
				t.Error("it was written, though KMS wraps nothing")
			}
			if server.healthy() == nil {
				t.Error("the apiserver says that KMS is healthy")
			}

			double.Heal()
			rig.Eventually(t, 40*time.Second, "healthy once KMS is back", server.healthy)
			server.reads(old, server.creates(api, "new", 3))
		})
	}
}

// The same with a local KEK: the apiserver reads and writes and is ready, as if nothing were wrong.
func TestRestartInOutageLocalKEK(t *testing.T) {
	t.Parallel()
	for _, api := range []string{onV1, onV2} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			double := rig.StartDouble(t, rig.KeyARN(1))
			plugin := rig.StartPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1), LocalKEK: true})
			server := newAPIServer(t, startEtcd(t))
			server.encryptBy(provider(api, plugin.Endpoint()))
			server.start()
			old := server.creates(api, "old", 3)
			deepOutage(t, double, plugin)
			if err := errors.Join(plugin.Ready(), plugin.RestartCarried()); err != nil {
				t.Error(err)
			}

			server.restart()
			if err := server.healthy(); err != nil {
				t.Errorf("the apiserver is not ready: %v", err)
			}
			server.reads(old)
			inOutage := server.creates(api, "in-outage", 3)

			double.Heal()
			rig.Eventually(t, 20*time.Second, "all is well once KMS is back", func() error { return plugin.State("ok") })
			// A plugin in direct mode, fresh, reads what the local KEK wrapped.
			plugin.Stop()
			plugin.Reconfigure(rig.PluginConfig{Key: rig.KeyARN(1)})
			plugin.Start()
			server.restart()
			server.reads(old, inOutage)
		})
	}
}
