package rig

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// PluginConfig is what a plugin is started with: in direct mode, unless it says otherwise.
type PluginConfig struct {
	// Key is the write key.
	Key string
	// Context is the encryption context, as name=value,name=value.
	Context string
	// LocalKEK selects the local-KEK mode, with a state file.
	LocalKEK bool
	// FollowKeyMaterial has the key_id follow AWS' key material, with a state file.
	FollowKeyMaterial bool
}

// Plugin is a seal-kms-plugin with one socket. It can be stopped, killed and started again.
type Plugin struct {
	*Process
	t      testing.TB
	config PluginConfig
	double *Double
	dir    string
	socket string
	health string
}

// StartPlugin starts a plugin on the double and waits until it serves its socket.
func StartPlugin(t testing.TB, double *Double, config PluginConfig) *Plugin {
	t.Helper()
	p := NewPlugin(t, double, config)
	p.Start()
	return p
}

// NewPlugin is a plugin that does not run yet.
func NewPlugin(t testing.TB, double *Double, config PluginConfig) *Plugin {
	t.Helper()
	dir := SocketDir(t)
	return &Plugin{
		t: t, config: config, double: double, dir: dir,
		socket: filepath.Join(dir, "socket.sock"), health: FreeAddress(t),
	}
}

// Endpoint is the plugin's socket as EncryptionConfiguration names it.
func (p *Plugin) Endpoint() string { return "unix://" + p.socket }

// Socket is the path of the plugin's socket.
func (p *Plugin) Socket() string { return p.socket }

// Start starts the plugin, for the first time or again.
func (p *Plugin) Start() {
	p.t.Helper()
	cmd := exec.Command(program(p.t, "SEALKIT_KMS_PLUGIN"), p.arguments()...)
	cmd.Env = append(os.Environ(),
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	p.Process = Start(p.t, "plugin", cmd)
	Eventually(p.t, 10*time.Second, "the plugin serves its socket", func() error {
		if p.Ended() {
			p.t.Fatalf("the plugin has ended:\n%s", p.Log())
		}
		connection, err := net.Dial("unix", p.socket)
		if err == nil {
			connection.Close()
		}
		return err
	})
}

func (p *Plugin) arguments() []string {
	arguments := []string{
		"--listen=" + p.socket, "--key=" + p.config.Key, "--region=" + Region,
		"--kms-endpoint=" + p.double.URL, "--health-port=" + p.health,
	}
	if p.config.Context != "" {
		arguments = append(arguments, "--encryption-context="+p.config.Context)
	}
	if p.config.LocalKEK {
		arguments = append(arguments, "--local-kek")
	}
	if p.config.FollowKeyMaterial {
		arguments = append(arguments, "--follow-key-material")
	}
	if p.config.LocalKEK || p.config.FollowKeyMaterial {
		arguments = append(arguments, "--state-file="+filepath.Join(p.dir, "state"))
	}
	return arguments
}

// Reconfigure changes what the next Start uses.
func (p *Plugin) Reconfigure(config PluginConfig) { p.config = config }

// State is nil if the plugin's metrics say that the key of its socket is in this state.
func (p *Plugin) State(state string) error {
	return p.metric(fmt.Sprintf("seal_kms_plugin_state{socket=%q,state=%q}", p.socket, state))
}

// RestartCarried is nil if the metrics say that an apiserver's restart would be carried through an outage.
func (p *Plugin) RestartCarried() error {
	return p.metric(fmt.Sprintf("seal_kms_plugin_restart_carried{socket=%q}", p.socket))
}

// metric is nil if a sample, named with its labels, is 1.
func (p *Plugin) metric(sample string) error {
	_, text, err := p.get("/metrics")
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, sample+" "); found {
			if value = strings.TrimSpace(value); value != "1" {
				return fmt.Errorf("%s is %s", sample, value)
			}
			return nil
		}
	}
	return fmt.Errorf("/metrics has no %s", sample)
}

// Ready asks /readyz.
func (p *Plugin) Ready() error { return p.ok("/readyz") }

// Live asks /livez.
func (p *Plugin) Live() error { return p.ok("/livez") }

func (p *Plugin) ok(path string) error {
	status, text, err := p.get(path)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", path, status, strings.TrimSpace(text))
	}
	return nil
}

func (p *Plugin) get(path string) (int, string, error) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get("http://" + p.health + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// SocketDir is a directory whose path leaves room for a socket's name: 108 bytes are all that Linux has.
func SocketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sealkit-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// lastPort is where FreeAddress goes on. Each process begins elsewhere.
var lastPort atomic.Uint32

func init() { lastPort.Store(uint32(os.Getpid()) * 97) }

// FreeAddress is a port on loopback that is free, and that nobody else is given: it lies below those that the system
// hands out to connections, which would take it before a server that is started later.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 12000+lastPort.Add(1)%20000)
		if listener, err := net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}
