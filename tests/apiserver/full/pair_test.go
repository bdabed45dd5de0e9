package full

import (
	"slices"
	"testing"
	"time"

	"sealkit.test/rig"
)

// pair is two apiservers on one etcd, each with a plugin of its own.
type pair [2]*apiserver

func startPair(t *testing.T, double *rig.Double, api string) (pair, [2]*rig.Plugin) {
	t.Helper()
	store := startEtcd(t)
	var servers pair
	var plugins [2]*rig.Plugin
	for i := range servers {
		plugins[i] = rig.StartPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1)})
		servers[i] = newAPIServer(t, store)
		servers[i].encryptBy(provider(api, plugins[i].Endpoint()))
		servers[i].start()
	}
	return servers, plugins
}

// until looks at both until look succeeds for each.
func (p pair) until(t *testing.T, within time.Duration, what string, look func(*apiserver) error) {
	t.Helper()
	begin := time.Now()
	for i, server := range p {
		took := rig.Eventually(t, within-time.Since(begin), what, func() error { return look(server) })
		t.Logf("apiserver %d: %s (%v)", i, what, took.Round(time.Second))
	}
}

// read makes sure that both read all these Secrets.
func (p pair) read(t *testing.T, names ...[]string) {
	t.Helper()
	for i, server := range p {
		for _, name := range slices.Concat(names...) {
			if err := server.read(name); err != nil {
				t.Errorf("apiserver %d: %v", i, err)
			}
		}
	}
}
