using Grpc.Core;
using MlSystem.Inference.Protocols.Explain;
using MlSystem.Inference.Protocols.Grpc;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>The same explanations over gRPC.</summary>
[Collection(nameof(ExplainServer))]
public sealed class ExplainGrpcTests(ExplainServer shared)
{
    private readonly MlSystem.Inference.Protocols.Explain.Explanations.ExplanationsClient _client = new(shared.Server.Channel);

    [Fact]
    public async Task A_row_is_explained_against_background_tensors()
    {
        var request = new ExplainRequest { Request = Row("linear", "linear-7"), Background = { Input([0, 0, 0, 2, 2, 2], 2) }, TopK = 2 };
        using var call = _client.ExplainAsync(request);
        var answer = await call;
        Assert.Equal(("linear", true, "linear-7", "request", 2), (answer.Method, answer.Exact, answer.Id, answer.Background, answer.BackgroundRows));
        var row = Assert.Single(answer.Explanations);
        Assert.Equal((111.0, 321.0), (row.BaseValue, row.Value));
        Assert.Equal([("x[2]", 200.0, 3.0), ("x[1]", 10.0, 2.0)], row.Contributions.Select(c => (c.Column, c.Contribution, c.Number)));
        Assert.Equal(0, row.Others, 1e-9);
        Assert.Equal(7, Guid.Parse(answer.RequestId).Version);
        Assert.Equal(answer.RequestId, (await call.ResponseHeadersAsync).GetValue("x-request-id"));
    }

    [Fact]
    public async Task Permutation_and_errors_have_their_form()
    {
        var request = new ExplainRequest { Request = Row("linear", ""), Method = "permutation", Labels = { "321", "0" }, Repeats = 2, Metric = "mae" };
        request.Request.Inputs.Clear();
        request.Request.Inputs.Add(Input([1, 2, 3, 0, 0, 0], 2));
        var answer = await _client.ExplainAsync(request);
        Assert.Equal(("mae", 0.0, 2, 2, 3), (answer.Importance.Metric, answer.Importance.Score, answer.Importance.Rows, answer.Importance.Repeats, answer.Importance.Columns.Count));

        var error = await Assert.ThrowsAsync<RpcException>(async () => await _client.ExplainAsync(new ExplainRequest { Request = Row("linear", ""), Method = "guess" }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        error = await Assert.ThrowsAsync<RpcException>(async () => await _client.ExplainAsync(new ExplainRequest { Request = Row("linear", ""), Background = { Input([0, 0, 0], 2) } }));
        Assert.StartsWith("background: ", error.Status.Detail, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<RpcException>(async () => await _client.ExplainAsync(new ExplainRequest { Request = Row("nothing", "") }));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        error = await Assert.ThrowsAsync<RpcException>(async () => await _client.ExplainAsync(new ExplainRequest()));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    private static ModelInferRequest Row(string model, string id) => new() { ModelName = model, Id = id, Inputs = { Input([1, 2, 3], 1) } };

    private static ModelInferRequest.Types.InferInputTensor Input(float[] values, int rows) =>
        new() { Name = "x", Datatype = "FP32", Shape = { rows, 3 }, Contents = new InferTensorContents { Fp32Contents = { values } } };
}
