using System.Text.Json;
using MlSystem.Inference.Protocols.Grpc;
using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Protocols;

[Collection(nameof(SharedServer))]
public sealed class IdentityTests(SharedServer shared)
{
    private const string Header = "X-Request-Id";

    [Theory]
    [InlineData(null)]
    [InlineData("mine")]
    public async Task The_header_of_a_prediction_is_its_request_id(string? given)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/linear/infer") { Content = Requests.Json(Requests.LinearBody(1)) };
        request.Headers.TryAddWithoutValidation(Header, given);
        using var response = await shared.Http.SendAsync(request);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(body.RootElement.RequestId(), Assert.Single(response.Headers.GetValues(Header)));
        Assert.Equal('7', body.RootElement.RequestId()[14]);
    }

    [Fact]
    public async Task Grpc_metadata_of_a_prediction_has_its_request_id()
    {
        using var call = shared.Server.Grpc.ModelInferAsync(new ModelInferRequest
        {
            ModelName = "linear",
            Inputs =
            {
                new ModelInferRequest.Types.InferInputTensor
                {
                    Name = "x", Datatype = "FP32", Shape = { 1, 3 }, Contents = new InferTensorContents { Fp32Contents = { 1, 2, 3 } },
                },
            },
        });
        var answer = await call.ResponseAsync;
        var metadata = await call.ResponseHeadersAsync;
        Assert.Equal(answer.Parameters["request_id"].StringParam, metadata.GetValue("x-request-id"));
    }

    [Theory]
    [InlineData("GET", "/v2/models/linear")]
    [InlineData("POST", "/v2/models/nothing/infer")]
    public async Task Other_answers_carry_the_correlation_id(string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { { Header, "mine" } } };
        using var response = await shared.Http.SendAsync(request);
        Assert.Equal("mine", Assert.Single(response.Headers.GetValues(Header)));
    }
}
