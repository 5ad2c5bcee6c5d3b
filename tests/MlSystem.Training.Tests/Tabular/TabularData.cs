using MlSystem.Contracts;
using MlSystem.Training.Tabular;

namespace MlSystem.Training.Tests.Tabular;

/// <summary>Seeded data with everything that is hard for an exporter.</summary>
internal static class TabularData
{
    private static readonly string[] Words = ["red", "green", "blue", "Ölive", "two words", "x=1", "", "0", "NaN"];

    public static TabularFrame Random(int seed, string task, int rows, int classes = 2)
    {
        var random = new Random(seed);
        var columns = new List<TabularColumn>();
        var numeric = new Dictionary<string, float[]>();
        var text = new Dictionary<string, string[]>();
        var numbers = random.Next(0, 6);
        var categories = random.Next(numbers == 0 ? 1 : 0, 4);
        for (var i = 0; i < numbers; i++)
        {
            var name = $"number_{i}";
            var missing = random.Next(3) == 0 ? random.NextDouble() * 0.6 : 0;
            columns.Add(new TabularColumn(name, TabularColumnKind.Numeric) { Nullable = missing > 0, Datatype = random.Next(4) == 0 ? "FP64" : "FP32" });
            numeric[name] = Numbers(random, rows, random.Next(6), missing);
        }

        for (var i = 0; i < categories; i++)
        {
            var name = $"category_{i}";
            columns.Add(new TabularColumn(name, TabularColumnKind.Categorical) { Nullable = true });
            var words = Words.Take(random.Next(1, Words.Length + 1)).ToArray();
            text[name] = [.. Enumerable.Range(0, rows).Select(_ => words[random.Next(words.Length)])];
        }

        var schema = new TabularSchema { Columns = columns, Task = task };
        var signal = Enumerable.Range(0, rows).Select(row => Signal(random, columns, numeric, text, row)).ToArray();
        if (task == ModelTask.Regression)
        {
            var scale = MathF.Pow(10, random.Next(-3, 5));
            return new TabularFrame(schema, numeric, text, targets: [.. signal.Select(s => (s * scale) + (100 * scale))]);
        }

        var order = signal.Order().ToArray();
        var labels = signal.Select(s => $"class_{Math.Min(classes - 1, Array.BinarySearch(order, s) * classes / rows)}");
        return new TabularFrame(schema, numeric, text, labels: [.. labels]);
    }

    /// <summary>The rows with values that training has not seen: unseen categories, missing and extreme numbers.</summary>
    public static TabularFrame Disturb(TabularFrame frame, int seed)
    {
        var random = new Random(seed);
        float[] wild = [float.NaN, 1e30f, -1e30f, 0, -0f, float.Epsilon, 1.5f, 16777217f, float.MaxValue, float.MinValue];
        var numeric = frame.Schema.Columns.Where(c => c.Kind == TabularColumnKind.Numeric).ToDictionary(
            c => c.Name, c => frame.Numeric(c.Name).Select(v => random.Next(4) == 0 ? wild[random.Next(wild.Length)] : v).ToArray());
        var text = frame.Schema.Columns.Where(c => c.Kind == TabularColumnKind.Categorical).ToDictionary(
            c => c.Name, c => frame.Text(c.Name).Select(v => random.Next(4) == 0 ? $"unseen {random.Next(3)}" : random.Next(6) == 0 ? "" : v).ToArray());
        return new TabularFrame(frame.Schema, numeric, text);
    }

    private static float[] Numbers(Random random, int rows, int kind, double missing)
    {
        var constant = (float)(random.NextDouble() * 10);
        return [.. Enumerable.Range(0, rows).Select(row => row > 0 && random.NextDouble() < missing ? float.NaN : kind switch
        {
            0 => constant,
            1 => random.Next(4), // few values, so that thresholds repeat
            2 => (float)((random.NextDouble() - 0.5) * 2e30),
            3 => (float)((random.NextDouble() - 0.5) * 1e-30),
            4 => 16777216 + random.Next(20), // neighbouring floats
            _ => (float)(random.NextDouble() * 100),
        })];
    }

    private static float Signal(Random random, List<TabularColumn> columns, Dictionary<string, float[]> numeric, Dictionary<string, string[]> text, int row)
    {
        var sum = random.NextDouble();
        foreach (var column in columns)
        {
            sum += column.Kind == TabularColumnKind.Numeric
                ? float.IsNaN(numeric[column.Name][row]) ? 0.7 : numeric[column.Name][row] / numeric[column.Name].Where(v => !float.IsNaN(v)).Max(v => Math.Abs(v) + 1e-35)
                : text[column.Name][row].Length % 3;
        }

        return (float)sum;
    }
}
