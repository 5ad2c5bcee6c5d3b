using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using MlSystem.Contracts;
using MlSystem.Inference.Policies;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Inference.Tracing;

namespace MlSystem.Inference.Tests.Tracing;

/// <summary>The spans that a listener gets of requests to the real server.</summary>
public sealed class TraceTests : IAsyncLifetime
{
    private const string ByKey = """{"inputs":[{"name":"person_id","shape":[2],"datatype":"BYTES","data":["ann","bob"]},{"name":"plan","shape":[2],"datatype":"BYTES","data":["x","y"]}]}""";
    private readonly FeatureStoreDouble _store = new();
    private readonly RegistryDouble _registry = new();
    private InferenceServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _registry.AddVersion("columns", 1, ModelFolder.Columns());
        _registry.AddVersion("meeting", 3, ModelFolder.Linear());
        _registry.SetEndpoint("columns", 1);

        // The run begins when two rows wait; the delay only bounds a failing test.
        _registry.SetEndpoint("meeting", 3, endpoint => endpoint with { Batching = new EndpointBatching { PreferredBatchSizes = [2], MaxQueueDelayMicroseconds = 20_000_000 } });
        await _registry.StartAsync();
        await _store.StartAsync();
        _server = await InferenceServer.StartAsync(_registry.Url, _store.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _store.DisposeAsync();
        await _registry.DisposeAsync();
    }

    [Fact]
    public async Task A_request_shows_look_up_queue_and_compute_below_infer()
    {
        using var recorder = new SpanRecorder();
        var caller = SpanRecorder.NewCaller();
        var (status, body) = await PostAsync("columns", ByKey, caller);
        Assert.True(status == 200, body.ToString());
        var infer = AssertTree(recorder, caller, ["compute", "features", "infer", "queue"]);
        Assert.Equal(
            ("columns", "columns", 1, "champion", 2, body.RequestId()),
            (infer.GetTagItem("endpoint"), infer.GetTagItem("model"), infer.GetTagItem("version"), infer.GetTagItem("variant"), infer.GetTagItem("rows"), infer.GetTagItem("request_id")));
        var features = recorder.Of(caller).Single(span => span.OperationName == "features");
        Assert.Equal("people", features.GetTagItem("feature_service"));
        Assert.Contains(caller.TraceId.ToString(), _store.TraceParent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_grpc_request_shows_the_same()
    {
        using var recorder = new SpanRecorder();
        var caller = SpanRecorder.NewCaller();
        var request = new ModelInferRequest { ModelName = "columns" };
        request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = "person_id", Datatype = "BYTES", Shape = { 1 }, Contents = new InferTensorContents { BytesContents = { ByteString.CopyFromUtf8("ann") } } });
        var answer = await _server.Grpc.ModelInferAsync(request, new Metadata { { "traceparent", SpanRecorder.Header(caller) } });
        var infer = AssertTree(recorder, caller, ["compute", "features", "infer", "queue"]);
        Assert.Equal((1, answer.Parameters["request_id"].StringParam), (infer.GetTagItem("rows"), infer.GetTagItem("request_id")));
    }

    [Fact]
    public async Task A_shared_run_is_linked_to_its_requests()
    {
        using var recorder = new SpanRecorder();
        ActivityContext[] callers = [SpanRecorder.NewCaller(), SpanRecorder.NewCaller()];
        var answers = await Task.WhenAll(callers.Select((caller, i) => PostAsync("meeting", Requests.LinearBody(i), caller)));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        var infers = callers.Select(caller => AssertTree(recorder, caller, ["compute", "infer", "queue"])).ToList();
        var batch = Assert.Single(recorder.LinkedTo(infers));
        Assert.Equal(infers.Select(infer => infer.SpanId.ToString()).Order(), batch.Links.Select(link => link.Context.SpanId.ToString()).Order());
        Assert.Equal(
            ("batch", "meeting", 3, 2, 2),
            (batch.OperationName, batch.GetTagItem("model"), batch.GetTagItem("version"), batch.GetTagItem("rows"), batch.GetTagItem("requests")));
    }

    [Fact]
    public async Task A_refused_request_tells_why()
    {
        using var recorder = new SpanRecorder();
        var (wrong, unknown) = (SpanRecorder.NewCaller(), SpanRecorder.NewCaller());
        Assert.Equal(400, (await PostAsync("meeting", """{"inputs":[]}""", wrong)).Status);
        Assert.Equal(404, (await PostAsync("nobody", ByKey, unknown)).Status);
        Assert.Equal(("InvalidArgument", "meeting"), (AssertTree(recorder, wrong, ["infer"]).GetTagItem("error.type"), recorder.Of(wrong)[0].GetTagItem("model")));
        Assert.Equal("NotFound", AssertTree(recorder, unknown, ["infer"]).GetTagItem("error.type"));
        await _store.StopAsync();
        var away = SpanRecorder.NewCaller();
        Assert.Equal(503, (await PostAsync("columns", ByKey, away)).Status);
        Assert.Equal(ActivityStatusCode.Error, AssertTree(recorder, away, ["features", "infer"]).Status);
    }

    [Fact]
    public async Task Without_a_listener_nothing_is_recorded_or_allocated()
    {
        var caller = SpanRecorder.NewCaller();
        Assert.Equal(200, (await PostAsync("columns", ByKey, caller)).Status);
        Assert.False(RequestTrace.Source.HasListeners());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var trace = RequestTrace.Begin("columns", default(CallerKeys), TimeProvider.System);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(trace);
        using var late = new SpanRecorder();
        Assert.Empty(late.Of(caller));
    }

    /// <summary>The spans are these, one each, all below <c>infer</c> and within its time, and <c>infer</c> below the caller's.</summary>
    private static Activity AssertTree(SpanRecorder recorder, ActivityContext caller, string[] names)
    {
        var spans = recorder.Of(caller);
        Assert.Equal(names, spans.Select(span => span.OperationName).Order(StringComparer.Ordinal));
        var infer = spans.Single(span => span.OperationName == "infer");
        Assert.Equal((caller.SpanId.ToString(), ActivityKind.Server), (infer.ParentSpanId.ToString(), infer.Kind));
        foreach (var child in spans.Where(span => span != infer))
        {
            Assert.Equal(infer.SpanId.ToString(), child.ParentSpanId.ToString());
            Assert.True(child.StartTimeUtc >= infer.StartTimeUtc && child.StartTimeUtc + child.Duration <= infer.StartTimeUtc + infer.Duration + TimeSpan.FromMilliseconds(50), child.OperationName);
        }

        return infer;
    }

    private async Task<(int Status, JsonElement Body)> PostAsync(string model, string body, ActivityContext caller)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/models/{model}/infer") { Content = Requests.Json(body) };
        request.Headers.Add("traceparent", SpanRecorder.Header(caller));
        using var response = await _server.Http.SendAsync(request);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return ((int)response.StatusCode, json.RootElement.Clone());
    }
}
