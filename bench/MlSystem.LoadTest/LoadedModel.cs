using System.Globalization;
using System.Text;
using MlSystem.BenchModels;

namespace MlSystem.LoadTest;

/// <summary>One input of a model's sample row.</summary>
/// <param name="Values">The elements, row-major; whole numbers for <c>INT64</c>.</param>
internal sealed record SampleInput(string Name, string Datatype, long[] Shape, double[] Values)
{
    public bool IsWhole => Datatype == "INT64";

    public byte[] Raw() => IsWhole
        ? [.. Values.SelectMany(value => BitConverter.GetBytes((long)value))]
        : [.. Values.SelectMany(value => BitConverter.GetBytes((float)value))];

    public string Json() =>
        $$"""{"name":"{{Name}}","shape":[{{string.Join(',', Shape)}}],"datatype":"{{Datatype}}","data":[{{string.Join(',', Values.Select(Text))}}]}""";

    private string Text(double value) => IsWhole ? ((long)value).ToString(CultureInfo.InvariantCulture) : ((float)value).ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>A model of the benchmark with one row to send: numbers in ±5 with four decimals, or ids.</summary>
internal sealed class LoadedModel
{
    private readonly BenchModel _model;

    private LoadedModel(BenchModel model)
    {
        _model = model;
        Files = model.Files;
        var random = new Random(1);
        Row = [.. model.Signature.Inputs.Select(input =>
        {
            var shape = input.Shape.Select(dimension => dimension < 0 ? 1 : dimension).ToArray();
            var whole = input.Datatype == "INT64";
            var values = Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => whole ? random.Next(10_000) : Math.Round((random.NextDouble() * 10) - 5, 4));
            return new SampleInput(input.Name, input.Datatype, shape, [.. values]);
        })];
    }

    public static IReadOnlyList<LoadedModel> All { get; } = [.. BenchModel.All.Select(model => new LoadedModel(model))];

    public string Name => _model.Name;

    /// <summary>The version's artifact folder.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; }

    public byte[] Onnx => Files[Contracts.ModelFiles.Onnx];

    public IReadOnlyList<SampleInput> Row { get; }

    public static LoadedModel Of(string name) => All.First(model => model.Name == name);

    /// <summary>The row as an OIP v2 request.</summary>
    public byte[] Json() => Encoding.UTF8.GetBytes($$"""{"inputs":[{{string.Join(',', Row.Select(input => input.Json()))}}]}""");
}
