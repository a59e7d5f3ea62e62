// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	typeJSON     = "application/json"
	typeProtobuf = "application/x-protobuf"
)

// middleware checks requests whose bodies upstream has decompressed and bounded in size.
type middleware struct {
	component.StartFunc
	component.ShutdownFunc

	routes []route
}

// route distinguishes requests to one path of the receiver from others, as the receiver does: a path that ends in a slash
// stands for all below it.
type route struct {
	path    string
	mux     *http.ServeMux
	request message
}

func newRoute(path string, request message) route {
	mux := http.NewServeMux()
	mux.Handle(path, http.NotFoundHandler())
	return route{path, mux, request}
}

// request returns what the receiver takes a request for, by the longest path that matches.
func (m middleware) request(r *http.Request) (found message, known bool) {
	longest := ""
	for _, route := range m.routes {
		_, pattern := route.mux.Handler(r)
		if pattern != "" && len(route.path) > len(longest) {
			found, known, longest = route.request, true, route.path
		}
	}
	return found, known
}

var _ extensionmiddleware.HTTPServer = middleware{}

// GetHTTPHandler implements [extensionmiddleware.HTTPServer].
func (m middleware) GetHTTPHandler(context.Context) (extensionmiddleware.WrapHTTPHandlerFunc, error) {
	return func(_ context.Context, next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, next) }), nil
	}, nil
}

func (m middleware) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	request, known := m.request(r)
	if r.Method != http.MethodPost || !known || kind != typeJSON && kind != typeProtobuf {
		next.ServeHTTP(w, r) // which refuses it
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil { // The receiver meets it again, and answers.
		r.Body = body{io.MultiReader(bytes.NewReader(content), failing{err}), r.Body}
		next.ServeHTTP(w, r)
		return
	}
	if kind == typeJSON {
		err = checkJSON(content)
	} else {
		err = request.check(content)
	}
	if err != nil {
		refuse(w, kind, err)
		return
	}
	r.Body = body{bytes.NewReader(content), r.Body}
	next.ServeHTTP(w, r)
}

// refuse answers as the receiver does to a request that cannot be unmarshalled.
func refuse(w http.ResponseWriter, kind string, err error) {
	answer := status.New(codes.InvalidArgument, err.Error()).Proto()
	content, _ := proto.Marshal(answer)
	if kind == typeJSON {
		content, _ = json.Marshal(map[string]any{"code": answer.GetCode(), "message": answer.GetMessage()})
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(content)
}

// body is read from one place and closes another.
type body struct {
	io.Reader
	io.Closer
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
