namespace MlSystem.Inference.Tests.Conformance;

/// <summary>Inference: what goes in, what comes out, what is refused.</summary>
public abstract partial class OipContract
{
    public static TheoryData<string> Datatypes => ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"];

    [Fact]
    public async Task Rows_are_answered_in_order()
    {
        var answer = await Client.InferAsync(new OipRequest("linear", OipTensor.Of("x", "FP32", [2, 3], 1f, 2, 3, 4, 5, 6)));

        Assert.Equal("linear", answer.Model);
        Assert.Equal("1", answer.Version);
        Assert.Equal(("prediction", "FP32"), (answer.Outputs[0].Name, answer.Outputs[0].Datatype));
        Assert.Equal([2], answer.Outputs[0].Shape);
        Assert.Equal([321f, 654f], answer.Outputs[0].Values<float>());
    }

    [Fact]
    public async Task A_version_is_asked_by_its_number()
    {
        var answer = await Client.InferAsync(Linear(1) with { Version = "2" });

        Assert.Equal("2", answer.Version);
        Assert.Equal([1001f], answer.Outputs[0].Values<float>());
    }

    [Theory]
    [InlineData("mine")]
    [InlineData("with \"quotes\" and ü")]
    public async Task The_id_is_echoed(string id) => Assert.Equal(id, (await Client.InferAsync(Linear(1) with { Id = id })).Id);

    [Fact]
    public async Task An_answer_names_its_request_and_variant()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Client.InferAsync(Linear(i))));

        Assert.Equal(10, answers.Select(answer => Guid.Parse(answer.Parameters["request_id"])).Distinct().Count());
        Assert.All(answers, answer => Assert.Equal("champion", answer.Parameters["variant"]));
    }

    [Theory]
    [MemberData(nameof(Datatypes))]
    public async Task A_datatype_survives(string datatype)
    {
        Assert.SkipWhen(Client.Unsupported.Contains(datatype), $"typed contents have no field for {datatype}");
        var model = Client.Unsupported.Count > 0 ? "typed" : "echo";
        var inputs = Extremes.Values.Where(tensor => !Client.Unsupported.Contains(tensor.Datatype)).ToArray();

        var answer = await Client.InferAsync(new OipRequest(model, inputs));

        var sent = inputs.Single(input => input.Datatype == datatype);
        var got = answer.Outputs.Single(output => output.Name == "out_" + datatype);
        Assert.Equal((datatype, "2,1"), (got.Datatype, string.Join(',', got.Shape)));
        Assert.Equal(sent.Raw, got.Raw);
    }

    [Fact]
    public async Task Requested_outputs_come_alone_and_in_the_order_asked()
    {
        var answer = await Client.InferAsync(Columns() with { Outputs = ["plan_out", "age_out"] });

        Assert.Equal(["plan_out", "age_out"], answer.Outputs.Select(output => output.Name));
        Assert.Equal(["ä"], answer.Outputs[0].Strings());
    }

    [Fact]
    public async Task Inputs_may_come_in_any_order()
    {
        var request = Columns();

        var answer = await Client.InferAsync(new OipRequest(request.Model, [.. request.Inputs.Reverse()]));

        Assert.Equal([31f], answer.Outputs.Single(output => output.Name == "age_out").Values<float>());
    }

    [Fact]
    public async Task Priority_and_timeout_are_taken() =>
        Assert.Equal(7f, await PredictionAsync(Linear(7) with { Priority = 1, TimeoutMicroseconds = 30_000_000 }));

    [Fact]
    public async Task A_timeout_that_has_passed_is_told() =>
        Assert.Equal(OipFault.Timeout, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.InferAsync(Linear(7) with { TimeoutMicroseconds = 1 }))).Fault);

    [Theory]
    [InlineData("nothing", null)]
    [InlineData("linear", "77")]
    [InlineData("linear", "first")]
    public async Task An_unknown_model_or_version_is_not_found(string model, string? version) =>
        Assert.Equal(OipFault.NotFound, (await Assert.ThrowsAsync<OipRefusedException>(() => Client.InferAsync(Linear(1) with { Model = model, Version = version }))).Fault);

    [Fact]
    public Task An_unknown_input_is_named() => RefusedAsync(new OipRequest("linear", OipTensor.Of("y", "FP32", [1, 3], 1f, 2, 3)), "'y'", "'x'");

    [Fact]
    public Task An_absent_input_is_named() => RefusedAsync(new OipRequest("plain", Columns().Inputs[0]), "'income', 'plan'");

    [Fact]
    public Task An_input_given_twice_is_named() => RefusedAsync(new OipRequest("linear", [.. Linear(1).Inputs, .. Linear(2).Inputs]), "'x'", "twice");

    [Fact]
    public Task An_unknown_output_is_named() => RefusedAsync(Linear(1) with { Outputs = ["other"] }, "'other'", "'prediction'");

    [Fact]
    public Task Another_datatype_is_refused() => RefusedAsync(new OipRequest("linear", OipTensor.Of("x", "FP64", [1, 3], 1d, 2, 3)), "'x'", "FP32", "FP64");

    [Fact]
    public Task An_unknown_datatype_is_refused() => RefusedAsync(new OipRequest("linear", new OipTensor("x", "FP99", [1, 3], Linear(1).Inputs[0].Raw)), "FP99");

    [Theory]
    [InlineData(1, 4)]
    [InlineData(1, 2)]
    [InlineData(0, 3)]
    [InlineData(-1, 3)]
    [InlineData(long.MaxValue, 3)]
    [InlineData(4_611_686_018_427_387_904, 3)]
    public Task A_shape_that_does_not_fit_is_refused(long rows, long columns) => RefusedAsync(new OipRequest("linear", Linear(1).Inputs[0] with { Shape = [rows, columns] }), "'x'");

    [Fact]
    public Task Another_rank_is_refused() => RefusedAsync(new OipRequest("linear", Linear(1).Inputs[0] with { Shape = [1, 3, 1] }), "'x'");

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(0)]
    public Task Another_number_of_elements_is_refused(int bytes) => RefusedAsync(new OipRequest("linear", Linear(1).Inputs[0] with { Raw = new byte[bytes] }), "'x'");

    [Fact]
    public Task Inputs_must_agree_on_rows() => RefusedAsync(
        new OipRequest("plain", [OipTensor.Of("age", "FP32", [2, 1], 1f, 2), .. Columns().Inputs[1..]]), "'age'", "rows");

    [Fact]
    public Task An_unknown_parameter_is_refused() => RefusedAsync(Linear(1) with { UnknownParameter = "sequence_id" }, "sequence_id", "stateful");

    private static OipRequest Columns() => new(
        "plain", OipTensor.Of("age", "FP32", [1, 1], 31f), OipTensor.Of("income", "FP64", [1, 1], 1e300), OipTensor.Bytes("plan", [1, 1], "ä"));

    /// <summary>Refused as invalid, in words that name what was wrong; the server answers the next one.</summary>
    private async Task RefusedAsync(OipRequest request, params string[] words)
    {
        var refusal = await Assert.ThrowsAsync<OipRefusedException>(() => Client.InferAsync(request));

        Assert.True(refusal.Fault == OipFault.Invalid, $"{refusal.Fault}: {refusal.Message}");
        Assert.All(words, word => Assert.Contains(word, refusal.Message, StringComparison.Ordinal));
        Assert.Equal(5f, await PredictionAsync(Linear(5)));
    }
}
