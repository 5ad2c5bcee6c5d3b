using System.Globalization;
using MlSystem.Training.Pipelines;
using MlSystem.Training.Recommendation.Data;

namespace MlSystem.Training.Trainers;

/// <summary>Given parameters, and the defaults for the rest.</summary>
internal sealed class RecommenderSettings(IReadOnlyList<TrainerParameter> known, IReadOnlyDictionary<string, ParameterValue> given)
{
    public double Number(string name) => Value(name)!.Number!.Value;

    public int Whole(string name) => (int)Number(name);

    public double? Optional(string name) => Value(name)?.Number;

    public IReadOnlyList<int> Wholes(string name) => [.. Value(name)!.List!.Select(i => (int)i)];

    /// <summary>Every setting, for the run's parameters.</summary>
    public Dictionary<string, string> Describe(TrainerSpec trainer, Interactions data)
    {
        var facts = known.Select(p => (p.Name, Value: Value(p.Name))).Where(p => p.Value is not null).ToDictionary(p => p.Name, p => p.Value!.ToString(), StringComparer.Ordinal);
        facts["algorithm"] = trainer.Kind;
        facts["seed"] = trainer.Seed.ToString(CultureInfo.InvariantCulture);
        facts["users"] = data.Users.Count.ToString(CultureInfo.InvariantCulture);
        facts["items"] = data.Items.Count.ToString(CultureInfo.InvariantCulture);
        facts["interactions"] = data.Count.ToString(CultureInfo.InvariantCulture);
        return facts;
    }

    private ParameterValue? Value(string name) => given.GetValueOrDefault(name) ?? known.FirstOrDefault(p => p.Name == name)?.Default;
}
