using System.Globalization;
using System.Text.Json.Serialization;

namespace MlSystem.Training.Trainers;

/// <summary>What kind of value a parameter takes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ParameterType>))]
public enum ParameterType
{
    [JsonStringEnumMemberName("number")]
    Number,

    [JsonStringEnumMemberName("integer")]
    Integer,

    [JsonStringEnumMemberName("choice")]
    Choice,

    [JsonStringEnumMemberName("flag")]
    Flag,

    /// <summary>A list of whole numbers, for instance sizes of layers; it may be empty.</summary>
    [JsonStringEnumMemberName("integers")]
    Integers,
}

/// <summary>One parameter of a trainer: its type, range and default.</summary>
/// <remarks>Made by the factories, which also say the range in words.</remarks>
public sealed record TrainerParameter
{
    public required string Name { get; init; }

    public required ParameterType Type { get; init; }

    /// <summary>Smallest number, or smallest item of a list.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>Whether <see cref="Minimum"/> itself is refused.</summary>
    public bool AboveMinimum { get; init; }

    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>Texts that a choice can have.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>What the trainer takes when the parameter is absent; null when that depends on the data.</summary>
    public ParameterValue? Default { get; init; }

    /// <summary>The type and range in words.</summary>
    public required string Allowed { get; init; }

    public static TrainerParameter Whole(string name, long minimum, long maximum, long? standard = null) => new()
    {
        Name = name, Type = ParameterType.Integer, Minimum = minimum, Maximum = maximum,
        Default = standard is { } value ? ParameterValue.Of(value) : null,
        Allowed = string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum} to {maximum}"),
    };

    /// <summary>Above 0 and at most 1.</summary>
    public static TrainerParameter Share(string name, double? standard = null) => new()
    {
        Name = name, Type = ParameterType.Number, Minimum = 0, AboveMinimum = true, Maximum = 1, Default = standard, Allowed = "above 0 and at most 1",
    };

    public static TrainerParameter AtLeast(string name, double minimum, double? standard = null) => new()
    {
        Name = name, Type = ParameterType.Number, Minimum = minimum, Default = standard,
        Allowed = string.Create(CultureInfo.InvariantCulture, $"at least {minimum}"),
    };

    public static TrainerParameter Above(string name, double minimum, double? standard = null) => new()
    {
        Name = name, Type = ParameterType.Number, Minimum = minimum, AboveMinimum = true, Default = standard,
        Allowed = string.Create(CultureInfo.InvariantCulture, $"above {minimum}"),
    };

    public static TrainerParameter Between(string name, double minimum, double maximum, double? standard = null) => new()
    {
        Name = name, Type = ParameterType.Number, Minimum = minimum, Maximum = maximum, Default = standard,
        Allowed = string.Create(CultureInfo.InvariantCulture, $"from {minimum} to {maximum}"),
    };

    public static TrainerParameter OneOf(string name, IReadOnlyList<string> choices, string? standard = null) => new()
    {
        Name = name, Type = ParameterType.Choice, Choices = choices, Default = standard is null ? null : ParameterValue.Of(standard),
        Allowed = $"one of {string.Join(", ", choices)}",
    };

    public static TrainerParameter Switch(string name, bool? standard = null) => new()
    {
        Name = name, Type = ParameterType.Flag, Default = standard is { } value ? ParameterValue.Of(value) : null, Allowed = "true or false",
    };

    public static TrainerParameter Wholes(string name, long minimum, long maximum, IReadOnlyList<long>? standard = null) => new()
    {
        Name = name, Type = ParameterType.Integers, Minimum = minimum, Maximum = maximum,
        Default = standard is null ? null : ParameterValue.Of(standard),
        Allowed = string.Create(CultureInfo.InvariantCulture, $"a list of whole numbers from {minimum} to {maximum}"),
    };

    /// <summary>Whether a value has the type and is in range.</summary>
    public bool Accepts(ParameterValue value) => Type switch
    {
        ParameterType.Number => value.Number is { } number && InRange(number),
        ParameterType.Integer => value.Number is { } number && double.IsInteger(number) && InRange(number),
        ParameterType.Choice => value.Text is { } text && Choices.Contains(text),
        ParameterType.Flag => value.Flag is not null,
        _ => value.List is { } list && list.All(item => InRange(item)),
    };

    private bool InRange(double value) => double.IsFinite(value) && (AboveMinimum ? value > Minimum : value >= Minimum) && value <= Maximum;
}
