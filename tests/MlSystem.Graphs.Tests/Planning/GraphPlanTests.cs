using System.Text.Json;
using MlSystem.Contracts;

namespace MlSystem.Graphs.Tests.Planning;

public class GraphPlanTests
{
    private static readonly TensorSpec X = new() { Name = "x", Datatype = "FP32", Shape = [-1, 1], Nullable = true };
    private static readonly TensorSpec Prediction = new() { Name = "prediction", Datatype = "FP32", Shape = [-1] };

    private static readonly Dictionary<string, ModelSignature> Members = new(StringComparer.Ordinal)
    {
        ["a/1"] = Signature([X], [Prediction]),
        ["a/2"] = Signature([X with { Nullable = false }, X with { Name = "y" }], [Prediction]),
        ["whole/1"] = Signature([X with { Datatype = "INT64" }], [Prediction]),
        ["meta/1"] = Signature([X with { Name = "p" }, X with { Name = "q", Nullable = false }], [Prediction]),
        ["yes/1"] = Classes("yes", "no"),
        ["no/1"] = Classes("no", "yes"),
        ["other/1"] = Classes("no", "maybe"),
    };

    [Fact]
    public void Infers_the_inputs_that_the_members_take()
    {
        var plan = Plan("""{"nodes":{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"a","version":1},{"model":"a","version":2}]}}}""");

        Assert.Equal(["x", "y"], plan.Signature.Inputs.Select(input => input.Name));
        Assert.Equal([false, true], plan.Signature.Inputs.Select(input => input.Nullable));
        Assert.Equal(["prediction"], plan.Signature.Outputs.Select(output => output.Name));
        Assert.Equal(ModelTask.Regression, plan.Signature.Task);
    }

    [Fact]
    public void Stacks_members_under_a_meta_model()
    {
        var plan = Plan("""
            {"nodes":{"root":{"router_type":"Ensemble","combine":"stack","steps":[{"name":"m","model":"a","version":1}],
             "meta":{"model":"meta","version":1,"inputs":{"p":"m.prediction","q":"$request.z"}}}}}
            """);

        Assert.Equal(["x", "z"], plan.Signature.Inputs.Select(input => input.Name));
        Assert.Equal(["prediction"], plan.Signature.Outputs.Select(output => output.Name));
    }

    [Fact]
    public void Orders_the_classes_of_a_soft_vote()
    {
        var plan = Plan("""{"nodes":{"root":{"router_type":"Ensemble","combine":"soft_vote","steps":[{"model":"yes","version":1},{"model":"no","version":1}]}}}""");

        Assert.Equal(["yes", "no"], plan.Root.Combination!.Classes);
        Assert.Null(plan.Root.Combination.Columns[0]);
        Assert.Equal([1, 0], plan.Root.Combination.Columns[1]);
        Assert.Equal(ModelTask.BinaryClassification, plan.Signature.Task);
    }

    [Fact]
    public void Infers_inputs_behind_a_condition_on_them()
    {
        var plan = Plan("""
            {"nodes":{"root":{"router_type":"Sequence","steps":[{"node":"pick"}]},
             "pick":{"router_type":"Switch","steps":[{"model":"a","version":1,"condition":"x > 1"},{"model":"a","version":2}]}}}
            """);

        Assert.Equal(["x", "y"], plan.Signature.Inputs.Select(input => input.Name));
        Assert.True(((PlanNode)plan.Root.Steps[0].Target).PerRow);
    }

    [Theory]
    [InlineData("""{"nodes":{}}""", "'nodes' must have")]
    [InlineData("""{"root":"top","nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1}]}}}""", "the root 'top' is none of the nodes (root)")]
    [InlineData("""{"nodes":{"root":{"router_type":"Chain","steps":[{"model":"a","version":1}]}}}""", "node 'root': router_type 'Chain' is unknown")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[]}}}""", "must have 1 to 100 steps")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a"}]}}}""", "must name either model and version")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"node":"b"}]}}}""", "there is no node 'b'")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"node":"b"}]},"b":{"router_type":"Sequence","steps":[{"node":"root"}]}}}""", "the nodes form a cycle: root → b → root")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1}]},"b":{"router_type":"Sequence","steps":[{"model":"a","version":1}]}}}""", "node 'b' is not reached")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1,"condition":"x > 1"}]}}}""", "a condition belongs to a Switch")]
    [InlineData("""{"nodes":{"root":{"router_type":"Switch","steps":[{"model":"a","version":1,"condition":"x >"}]}}}""", "step 'a-1': condition at character 4")]
    [InlineData("""{"nodes":{"root":{"router_type":"Switch","steps":[{"model":"a","version":1,"condition":"w > 1"}]}}}""", "step 'a-1', condition: there is no tensor 'w'")]
    [InlineData("""{"nodes":{"root":{"router_type":"Splitter","steps":[{"model":"a","version":1,"weight":0}]}}}""", "no step has a weight above 0")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"a","version":1,"weight":2}]}}}""", "take combine weighted_mean")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","on_failure":"drop","steps":[{"model":"a","version":1}]}}}""", "on_failure drop is not possible with combine merge")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","combine":"mean","min_members":2,"steps":[{"model":"a","version":1}]}}}""", "min_members is 2")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","combine":"stack","steps":[{"model":"a","version":1}]}}}""", "combine stack and meta belong together")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","steps":[{"model":"a","version":1},{"model":"a","version":1}]}}}""", "two steps of this name")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","combine":"mean","steps":[{"model":"a","version":1},{"model":"whole","version":1}]}}}""", "step 'whole-1': input 'x' of whole/1 takes INT64, but 'x' is FP32")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","combine":"hard_vote","steps":[{"model":"a","version":1}]}}}""", "step 'a-1': it has no output 'label'")]
    [InlineData("""{"nodes":{"root":{"router_type":"Ensemble","combine":"soft_vote","steps":[{"model":"yes","version":1},{"model":"other","version":1}]}}}""", "step 'other-1': its classes are")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1},{"model":"meta","version":1,"data":"$response","inputs":{"p":"label"}}]}}}""", "input 'p' of meta/1 gets nothing: there is no 'label' in the response (there are prediction)")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1,"inputs":{"w":"x"}}]}}}""", "a/1 has no input 'w'")]
    [InlineData("""{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1,"outputs":{"p":"score"}}]}}}""", "there is no output 'score'")]
    [InlineData("""{"nodes":{"root":{"router_type":"Switch","steps":[{"model":"a","version":1,"condition":"x > 1"},{"model":"yes","version":1}]}}}""", "have no output in common")]
    public void Refuses_what_can_not_run_and_names_the_place(string json, string problem) =>
        Assert.Contains(problem, Assert.Throws<GraphException>(() => Plan(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Holds_a_graph_to_its_declared_signature()
    {
        const string Graph = """{"nodes":{"root":{"router_type":"Sequence","steps":[{"model":"a","version":1}]}}}""";

        Assert.Contains("output 'score' of the signature is none of the root's (prediction)", Refusal(Graph, Signature([X], [Prediction with { Name = "score" }])), StringComparison.Ordinal);
        Assert.Contains("there is no 'x' in the request (there are w)", Refusal(Graph, Signature([X with { Name = "w" }], [Prediction])), StringComparison.Ordinal);
        Assert.Contains("takes the shape [-1, 1], but 'x' has [-1, 3]", Refusal(Graph, Signature([X with { Shape = [-1, 3] }], [Prediction])), StringComparison.Ordinal);
        Assert.Equal(Signature([X], [Prediction]).Task, Plan(Graph, Signature([X], [Prediction])).Signature.Task);
    }

    [Fact]
    public void A_graph_that_unfolds_without_end_is_refused()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 20).Select(i =>
            $$"""{{(i == 0 ? "\"root\"" : $"\"n{i}\"")}}:{"router_type":"Ensemble","steps":[{"name":"l","node":"n{{i + 1}}"},{"name":"r","node":"n{{i + 1}}"}]}"""));
        var json = "{\"nodes\":{" + nodes + ",\"n20\":{\"router_type\":\"Sequence\",\"steps\":[{\"model\":\"a\",\"version\":1}]}}}";

        Assert.Contains("unfolds to more than", Refusal(json, Signature([X], [Prediction])), StringComparison.Ordinal);
    }

    private static string Refusal(string json, ModelSignature declared) => Assert.Throws<GraphException>(() => Plan(json, declared)).Message;

    private static GraphPlan Plan(string json, ModelSignature? declared = null) =>
        GraphPlan.Make(JsonSerializer.Deserialize(json, ContractsJson.Default.EnsembleSpec)!, declared, member => Members.GetValueOrDefault(member.ToString()));

    private static ModelSignature Signature(IReadOnlyList<TensorSpec> inputs, IReadOnlyList<TensorSpec> outputs) => new() { Task = ModelTask.Regression, Inputs = inputs, Outputs = outputs };

    private static ModelSignature Classes(params string[] classes) => Signature(
        [X],
        [new TensorSpec { Name = "label", Datatype = "BYTES", Shape = [-1], Categories = classes }, new TensorSpec { Name = "probabilities", Datatype = "FP32", Shape = [-1, 2] }]);
}
