using Microsoft.ML;
using Microsoft.ML.Data;
using MlSystem.Contracts;
using MlSystem.Inference.Tests.Fixture;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Runtimes;

/// <summary>Trains small ML.NET pipelines on seeded rows and saves them as their users do.</summary>
public sealed class MlNetModels
{
    private const int Rows = 600;

    public MLContext Context { get; } = new(seed: 1);

    public IReadOnlyList<Row> Training { get; } = [.. Enumerable.Range(0, Rows).Select(_ => Next(new Random(_)))];

    /// <summary>Trains and saves; the folder has the zip alone.</summary>
    public (ITransformer Model, ModelFolder Folder) Train(IEstimator<ITransformer> pipeline)
    {
        var data = Context.Data.LoadFromEnumerable(Training);
        var model = pipeline.Fit(data);
        using var temporary = new TempFolder();
        var path = Path.Combine(temporary.Path, "model.zip");
        Context.Model.Save(model, data.Schema, path);
        var folder = new ModelFolder();
        folder.Files[ModelFiles.MlNet] = File.ReadAllBytes(path);
        return (model, folder);
    }

    public IEstimator<ITransformer> Features() =>
        Context.Transforms.Categorical.OneHotEncoding("PlanHot", nameof(Row.Plan)).Append(Context.Transforms.Concatenate("Features", nameof(Row.Age), nameof(Row.Income), nameof(Row.Signals), "PlanHot"));

    public static Row Next(Random random)
    {
        var (age, income) = (18 + (random.NextSingle() * 60), random.NextSingle() * 10);
        float[] signals = [random.NextSingle(), random.NextSingle(), random.NextSingle()];
        var plan = random.Next(3) switch { 0 => "basic", 1 => "plus", _ => "gold" };
        var score = (age / 30) + income - (4 * signals[0]) + (plan == "gold" ? 2 : 0);
        return new Row
        {
            Age = age,
            Income = income,
            Signals = signals,
            Plan = plan,
            Amount = score,
            Churned = score > 6,
            Segment = score < 4 ? "low" : score < 7 ? "middle" : "high",
            Comment = score > 6 ? "terrible slow service" : "good and friendly service",
        };
    }

    public sealed class Row
    {
        public float Age { get; set; }

        public float Income { get; set; }

        [VectorType(3)]
        public float[] Signals { get; set; } = [];

        public string Plan { get; set; } = "";

        public float Amount { get; set; }

        public bool Churned { get; set; }

        public string Segment { get; set; } = "";

        public string Comment { get; set; } = "";
    }
}
