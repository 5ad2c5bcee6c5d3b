using MlSystem.Inference.Tests.Fixture;

namespace MlSystem.Inference.Tests.Explanations;

/// <summary>What is refused, and in which words.</summary>
[Collection(nameof(ExplainServer))]
public sealed class ExplainErrorTests(ExplainServer shared)
{
    private const string X = "\"inputs\":[{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}],\"parameters\":{";
    private const string P = "\"inputs\":[{\"name\":\"p\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[2]},{\"name\":\"q\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[3]},{\"name\":\"r\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1.5]},{\"name\":\"s\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[0.5]}],\"parameters\":{";

    [Theory]
    [InlineData("linear", X + "\"method\":\"shap\"}", 400, "the parameter method is 'shap'; it is one of auto, tree_shap")]
    [InlineData("linear", X + "\"method\":3}", 400, "the parameter 'method' must be a string")]
    [InlineData("linear", X + "\"scale\":\"odds\"}", 400, "the parameter scale is 'odds'; it is one of raw, output")]
    [InlineData("linear", X + "\"output\":\"y\"}", 400, "the model has no output 'y'; its numeric outputs are 'prediction'")]
    [InlineData("classifier", X + "\"output\":\"label\"}", 400, "output 'label' is BYTES: only numbers can be explained")]
    [InlineData("classifier", X + "\"class\":\"w\"}", 400, "output 'probabilities' has no class 'w'; its classes are 'x', 'y', 'z'")]
    [InlineData("linear", X + "\"samples\":0,\"method\":\"lime\"}", 400, "the parameter samples is 0; it is a whole number from 1 to 100000")]
    [InlineData("linear", X + "\"samples\":10,\"method\":\"linear\"}", 400, "the parameter samples is of the methods 'kernel_shap' and 'lime'")]
    [InlineData("linear", X + "\"seed\":\"x\"}", 400, "the parameter 'seed' must be a whole number")]
    [InlineData("linear", X + "\"labels\":[1]}", 400, "the parameter labels is of the method 'permutation', not of 'auto'")]
    [InlineData("linear", X + "\"method\":\"permutation\"}", 400, "needs the parameter labels")]
    [InlineData("linear", X + "\"method\":\"permutation\",\"labels\":[1,2]}", 400, "there are 2 labels for 1 rows")]
    [InlineData("linear", X + "\"background\":[]}", 400, "the parameter 'background' must be \"baseline\" or an array of at least one row")]
    [InlineData("linear", X + "\"background\":[1]}", 400, "background[0] must be an object")]
    [InlineData("linear", X + "\"background\":[{\"y\":1}]}", 400, "background[0]: the model has no input 'y'")]
    [InlineData("linear", X + "\"background\":[{}]}", 400, "background[0]: input 'x' is absent")]
    [InlineData("linear", X + "\"background\":[{\"x\":[1,2]}]}", 400, "background[0]: input 'x' has 2 values, a row has 3")]
    [InlineData("linear", X + "\"background\":[{\"x\":[1,\"2\",3]}]}", 400, "background[0]: input 'x' must be a number")]
    [InlineData("linear", X + "\"background\":[{\"x\":[1,null,3]}]}", 400, "background[0]: input 'x' is null and must have a value")]
    [InlineData("linear", X + "\"background\":[{\"x\":[1,1e60,3]}]}", 400, "1e60 is no FP32")]
    [InlineData("linear", X + "\"method\":\"kernel_shap\"}", 400, "linear/1 has no baseline.json: send rows as the parameter background")]
    [InlineData("linear", X + "\"method\":\"tree_shap\"}", 400, "method 'tree_shap' does not fit this model: its graph has a linear model and no trees")]
    [InlineData("classifier", X + "\"method\":\"linear\"}", 400, "its graph has a tree ensemble and no linear model")]
    [InlineData("product", P + "\"method\":\"tree_shap\"}", 400, "the graph has neither a tree ensemble nor a linear model")]
    [InlineData("product", P + "\"method\":\"lime\",\"scale\":\"raw\",\"background\":[{\"p\":0,\"q\":0,\"r\":0,\"s\":0}]}", 400, "output 'prediction' is none: use scale 'output'")]
    [InlineData("classifier", X + "\"method\":\"tree_shap\",\"scale\":\"output\",\"background\":[{\"x\":[0,0,0]}]}", 400, "is not additive")]
    [InlineData("linear", X + "\"wrong\":1}", 400, "the parameter 'wrong' is not supported")]
    [InlineData("linear", X + "\"method\":\"lime\",\"samples\":100000,\"timeout\":1,\"background\":[{\"x\":[0,0,0]}]}", 504, "not done within")]
    [InlineData("nothing", X + "\"seed\":1}", 404, "there is no endpoint 'nothing'")]
    [InlineData("columns", "\"inputs\":[{\"name\":\"person_id\",\"shape\":[1],\"datatype\":\"BYTES\",\"data\":[\"ann\"]}]", 503, "the feature store can't be asked now")]
    public async Task Is_refused_in_the_protocols_form(string model, string body, int status, string message)
    {
        var (found, answer) = await shared.Server.ExplainAsync(model, $"{{{body}}}");
        Assert.Equal(status, found);
        Assert.Contains(message, answer.Error(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_work_than_the_server_allows_is_refused_before_it_begins()
    {
        await using var registry = new RegistryDouble();
        registry.AddVersion("product", 1, ExplainModels.Product());
        registry.SetEndpoint("product", 1);
        await registry.StartAsync();
        await using var server = await InferenceServer.StartAsync(registry.Url, settings: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Inference:Explanations:MaxRows"] = "2", ["Inference:Explanations:MaxEvaluations"] = "20", ["Inference:Explanations:MaxBackgroundRows"] = "2",
        });
        async Task<string> ErrorAsync(string body) => (await server.ExplainAsync("product", $"{{{body}}}")).Body.Error();
        Assert.Contains("the request has 3 rows, at most 2", await ErrorAsync(ExplainModels.Inputs(("p", "FP32", "1,2,3"), ("q", "FP32", "1,2,3"), ("r", "FP32", "1,2,3"), ("s", "FP32", "1,2,3"))), StringComparison.Ordinal);
        Assert.Contains("14 coalitions of 2 background rows are more than the 20 rows", await ErrorAsync(P + "\"background\":[{\"p\":0,\"q\":0,\"r\":0,\"s\":0},{\"p\":1,\"q\":0,\"r\":0,\"s\":0}]}"), StringComparison.Ordinal);
        Assert.Contains("the background has 3 rows, at most 2", await ErrorAsync(P + "\"background\":[{\"p\":0,\"q\":0,\"r\":0,\"s\":0},{\"p\":1,\"q\":0,\"r\":0,\"s\":0},{\"p\":1,\"q\":0,\"r\":0,\"s\":0}]}"), StringComparison.Ordinal);
    }
}
