// Package authority calls every RPC by grpc-go with each form of :authority that a kube-apiserver sends or sent,
// and some that it never did.
package authority

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"k8s.io/kms/apis/v1beta1"
	"k8s.io/kms/apis/v2"

	"sealkit.test/rig"
)

// rounds is beyond the 1,024 refused streams after which an HTTP/2 server gives up a connection, and beyond what
// either side's header table holds.
const rounds = 1200

// form is a target and the authority that goes with it.
type form struct {
	name, target, authority string
}

func forms(socket string) []form {
	return []form{
		// What kube-apiserver sends: 1.27 and 1.28, then to 1.31 and in v1beta1 to now, then in v2.
		{"raw path", "passthrough:///plugin", socket},
		{"escaped path", "passthrough:///plugin", url.PathEscape(socket)},
		{"localhost", "passthrough:///plugin", "localhost"},
		// What grpc-go itself makes of a target.
		{"target as dialled", socket, ""},
		{"target of scheme unix", "unix://" + socket, ""},
		// Abstract sockets, and what no parser of authorities takes.
		{"abstract", "passthrough:///plugin", "@sealkit"},
		{"abstract with a slash", "passthrough:///plugin", "@a/b"},
		{"several slashes and percents", "passthrough:///plugin", "//%2F%%25/"},
	}
}

func TestAuthority(t *testing.T) {
	double := rig.StartDouble(t, rig.KeyARN(1))
	plugin := rig.StartPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1)})
	for _, form := range forms(plugin.Socket()) {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			client := dial(t, form, plugin.Socket())
			client.callV2(t)
			client.callV1(t)
			client.callOften(t)
			client.refusals(t)
			if dialled := client.dialled.Load(); dialled != 1 {
				t.Errorf("%d connections were needed", dialled)
			}
		})
	}
}

type client struct {
	v1      v1beta1.KeyManagementServiceClient
	v2      v2.KeyManagementServiceClient
	dialled *atomic.Int32
}

func dial(t *testing.T, form form, socket string) client {
	dialled := new(atomic.Int32)
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithChainUnaryInterceptor(deadline),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			dialled.Add(1)
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}),
	}
	if form.authority != "" {
		options = append(options, grpc.WithAuthority(form.authority))
	}
	// As kube-apiserver does: NewClient would resolve the target as a name.
	connection, err := grpc.Dial(form.target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return client{v1beta1.NewKeyManagementServiceClient(connection), v2.NewKeyManagementServiceClient(connection), dialled}
}

// deadline gives every call kube-apiserver's 3 s.
func deadline(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return invoke(ctx, method, request, reply, connection, options...)
}

func (c client) callV2(t *testing.T) {
	answer, err := c.v2.Status(t.Context(), &v2.StatusRequest{})
	if err != nil {
		t.Fatalf("Status: %v", err)
	}
	if answer.Version != "v2beta1" || answer.Healthz != "ok" || answer.KeyId != rig.KeyARN(1) {
		t.Errorf("Status says %v", answer)
	}
	// Plaintexts of many lengths, so that frames are. What KMS makes of them must stay within 1,024 bytes.
	for length := 1; length <= 625; length *= 5 {
		plaintext := bytes.Repeat([]byte{byte(length)}, length)
		wrapped, err := c.v2.Encrypt(t.Context(), &v2.EncryptRequest{Plaintext: plaintext, Uid: fmt.Sprint("uid-", length)})
		if err != nil {
			t.Fatalf("v2 Encrypt: %v", err)
		}
		if wrapped.KeyId != rig.KeyARN(1) || wrapped.Ciphertext[0] != '1' || len(wrapped.Annotations) != 0 {
			t.Errorf("not as aws-encryption-provider writes: %v", wrapped)
		}
		unwrapped, err := c.v2.Decrypt(t.Context(), &v2.DecryptRequest{
			Ciphertext: wrapped.Ciphertext, KeyId: wrapped.KeyId, Uid: fmt.Sprint("uid-", length),
		})
		if err != nil {
			t.Fatalf("v2 Decrypt: %v", err)
		}
		if !bytes.Equal(unwrapped.Plaintext, plaintext) {
			t.Errorf("%d bytes came back as %d others", length, len(unwrapped.Plaintext))
		}
	}
}

func (c client) callV1(t *testing.T) {
	version, err := c.v1.Version(t.Context(), &v1beta1.VersionRequest{Version: "v1beta1"})
	if err != nil {
		t.Fatalf("Version: %v", err)
	}
	if version.Version != "v1beta1" || version.RuntimeName != "AWSKMS" {
		t.Errorf("Version says %v", version)
	}
	wrapped, err := c.v1.Encrypt(t.Context(), &v1beta1.EncryptRequest{Version: "v1beta1", Plain: []byte("ping")})
	if err != nil {
		t.Fatalf("v1beta1 Encrypt: %v", err)
	}
	// Without the prefix too: so clusters older than that prefix read.
	for _, ciphertext := range [][]byte{wrapped.Cipher, wrapped.Cipher[1:]} {
		unwrapped, err := c.v1.Decrypt(t.Context(), &v1beta1.DecryptRequest{Version: "v1beta1", Cipher: ciphertext})
		if err != nil {
			t.Fatalf("v1beta1 Decrypt: %v", err)
		}
		if string(unwrapped.Plain) != "ping" {
			t.Errorf("it came back as %q", unwrapped.Plain)
		}
	}
}

func (c client) callOften(t *testing.T) {
	for round := range rounds {
		if _, err := c.v2.Status(t.Context(), &v2.StatusRequest{}); err != nil {
			t.Fatalf("Status, round %d: %v", round, err)
		}
		if _, err := c.v1.Version(t.Context(), &v1beta1.VersionRequest{}); err != nil {
			t.Fatalf("Version, round %d: %v", round, err)
		}
	}
}

// refusals are trailers-only answers, with real codes.
func (c client) refusals(t *testing.T) {
	for _, ciphertext := range [][]byte{nil, []byte("2nonsense")} {
		_, err := c.v2.Decrypt(t.Context(), &v2.DecryptRequest{Ciphertext: ciphertext, KeyId: rig.KeyARN(1), Uid: "uid"})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("v2 Decrypt of %q: %v", ciphertext, err)
		}
	}
	_, err := c.v1.Decrypt(t.Context(), &v1beta1.DecryptRequest{Cipher: []byte("1nonsense")})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("v1beta1 Decrypt of nonsense: %v", err)
	}
}
