using System.Text.Json;
using MlSystem.Contracts;
using MlSystem.Training.Pipelines;

namespace MlSystem.Training.Learners.Definitions;

/// <summary>Sections <c>features</c> and <c>label</c>.</summary>
internal static class FeatureReader
{
    private const int MostColumns = 10_000;

    public static LearnerFeatures Read(Section section, string kind)
    {
        var features = kind == LearnerKind.MatrixFactorization ? ReadIds(section) : ReadColumns(section);
        section.RefuseUnknown();
        return features;
    }

    public static LearnerLabel ReadLabel(Section? section, Section root, string task)
    {
        var defaults = new LearnerLabel();
        IReadOnlyList<string> classes = task == ModelTask.BinaryClassification ? section?.Texts("classes") ?? [] : [];
        if (task == ModelTask.BinaryClassification && (classes.Count != 2 || classes[0] == classes[1] || classes.Any(c => c.Length == 0)))
        {
            (section ?? root).Error(section is null ? "label" : "classes", "must name the two classes, the positive one second, for instance [\"no\", \"yes\"]");
        }

        var label = new LearnerLabel
        {
            Column = section?.Text("column") ?? defaults.Column,
            Classes = classes,
            ClassWeights = task == ModelTask.BinaryClassification ? ReadWeights(section?.Object("class_weights"), classes) : defaults.ClassWeights,
            WeightColumn = section?.Text("weight_column"),
        };
        section?.RefuseUnknown();
        return label;
    }

    /// <summary>Every name may be used once.</summary>
    public static void CheckNames(LearnerDefinition definition, Section root)
    {
        string?[] names = [.. definition.Features.Columns().Select(c => c.Name), definition.Label.Column, definition.Label.WeightColumn];
        foreach (var repeated in names.OfType<string>().CountBy(n => n, StringComparer.Ordinal).Where(n => n.Value > 1))
        {
            root.Error("features", $"column '{repeated.Key}' is named {repeated.Value} times among features, label and weight");
        }
    }

    private static LearnerFeatures ReadIds(Section section)
    {
        var user = section.RequiredText("user");
        var item = section.RequiredText("item");
        return new LearnerFeatures { Categorical = [user, item], Scaling = LearnerScaling.None };
    }

    private static LearnerFeatures ReadColumns(Section section)
    {
        var defaults = new LearnerFeatures();
        var features = new LearnerFeatures
        {
            Numeric = [.. section.Items("numeric").Select(i => ReadNumber(section, i.Path, i.Item))],
            Categorical = section.Texts("categorical") ?? [],
            Scaling = section.OneOf("scaling", [.. LearnerScaling.All], defaults.Scaling),
            Bits = (int)(section.Integer("bits", 8, 24) ?? defaults.Bits),
            Vocabulary = (int)(section.Integer("vocabulary", 1, 1_000_000) ?? defaults.Vocabulary),
        };
        if (features.Columns().Count() is 0 or > MostColumns || features.Columns().Any(c => c.Name.Length == 0))
        {
            section.Error("numeric", $"and categorical must name 1 to {MostColumns:N0} columns, none of them empty");
        }

        return features;
    }

    private static LearnerNumber ReadNumber(Section section, string path, JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.String)
        {
            return new LearnerNumber(item.GetString()!, "FP32");
        }

        var column = section.Nested(item, path);
        var number = new LearnerNumber(column.RequiredText("name"), column.OneOf("datatype", [.. LearnerNumber.Datatypes], "FP32"));
        column.RefuseUnknown();
        return number;
    }

    private static Dictionary<string, double> ReadWeights(Section? section, IReadOnlyList<string> classes)
    {
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var name in classes)
        {
            if (section?.Number(name, v => v is > 0 and <= 1e6, "above 0 and at most 1,000,000") is { } weight)
            {
                weights[name] = weight;
            }
        }

        section?.RefuseUnknown();
        return weights;
    }
}
