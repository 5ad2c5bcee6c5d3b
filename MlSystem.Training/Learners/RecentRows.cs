using MlSystem.Training.Learners.Features;

namespace MlSystem.Training.Learners;

/// <summary>The newest <see cref="Capacity"/> rows as they came, with their predictions.</summary>
internal sealed class RecentRows(int numbers, int texts)
{
    public const int Capacity = 2000;

    private readonly List<float[]> _numbers = [];
    private readonly List<string[]> _texts = [];
    private readonly List<float> _predictions = [];
    private int _next;

    public int Count => _predictions.Count;

    public IReadOnlyList<float> Predictions => _predictions;

    public float[] Numbers(int column) => [.. _numbers.Select(r => r[column])];

    public string[] Texts(int column) => [.. _texts.Select(r => r[column])];

    public void Add(LearnerRow row, double prediction)
    {
        if (Count < Capacity)
        {
            _numbers.Add(new float[numbers]);
            _texts.Add(new string[texts]);
            _predictions.Add(0);
        }

        for (var i = 0; i < numbers; i++)
        {
            _numbers[_next][i] = (float)row.Numbers[i];
        }

        row.Texts.CopyTo(_texts[_next], 0);
        _predictions[_next] = (float)prediction;
        _next = (_next + 1) % Capacity;
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write(Count);
        writer.Write(_next);
        for (var i = 0; i < Count; i++)
        {
            Array.ForEach(_numbers[i], writer.Write);
            Array.ForEach(_texts[i], writer.Write);
            writer.Write(_predictions[i]);
        }
    }

    public void Read(BinaryReader reader)
    {
        _numbers.Clear();
        _texts.Clear();
        _predictions.Clear();
        var count = reader.ReadInt32();
        _next = reader.ReadInt32();
        for (var i = 0; i < count; i++)
        {
            var row = new float[numbers];
            for (var c = 0; c < numbers; c++)
            {
                row[c] = reader.ReadSingle();
            }

            var words = new string[texts];
            for (var c = 0; c < texts; c++)
            {
                words[c] = reader.ReadString();
            }

            _numbers.Add(row);
            _texts.Add(words);
            _predictions.Add(reader.ReadSingle());
        }
    }
}
